"""WeChat's open platform: logging in, phone numbers, messages, codes, checks, and its events.

`extension.wechat()` gives the client of the current app. Business code imports no WeChat library.
"""
