"""A stand-in for WeChat on this machine: the open platform, its events, and a shopper's phone.

It is the other end of a wire: a process of its own that shares no code with the mall, so that a
mistake in one is not repeated in the other. What is documented and what is assumed of WeChat's
behaviour stands in docs/wechat.md.
"""
