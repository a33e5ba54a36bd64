"""Messages to members: who asked for which, when they may be sent, what was sent.

Features above register their kinds of message (`kinds`) and call `services.notify` in the
transaction of the fact. Who a member is to WeChat, `addresses` learns from the floor above.
"""
