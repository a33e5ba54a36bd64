"""The business circle (智慧商圈, 支付即积分): shoppers pay in a mall's shops and the points are there.

WeChat tells the mall of authorisations, payments and refunds (`notifications`, `hearing`), and is
told what each payment earned (`syncing`). A module that can be off: `business_circle_enabled`.
"""
