"""Copy to config.py and change what you need. The environment overrides this file."""

# demo, test or production; production refuses what is only fit for a laptop
# ENVIRONMENT = 'demo'

# signing keys for session tokens, newest first, separated by commas
# SECRET_KEYS = ''

# keys for personal fields, newest first: id:base64 of 32 bytes, separated by commas
# FIELD_KEYS = ''

# key for look-ups of encrypted fields: base64 of 32 bytes
# INDEX_KEY = ''

# bearer token for /metrics; empty closes the page
# METRICS_TOKEN = ''

# reverse proxies in front that set X-Forwarded-For [proxies]
# TRUSTED_PROXIES = 0

# json or console
# LOG_FORMAT = 'json'

# largest request body that is read [bytes]
# MAX_BODY_BYTES = 65536

# how long the answer to a request is kept for its repeats [days]
# IDEMPOTENCY_KEEP_DAYS = 7

# shown to shoppers
# SHOP_NAME = '积分商城'

# zone whose midnights divide the shop's days
# SHOP_TIME_ZONE = 'Asia/Shanghai'

# sqlite:///… or postgresql+psycopg://…; empty: mall.db in the instance folder
# DATABASE_URL = ''

# connections a process keeps (PostgreSQL) [connections]
# DATABASE_POOL_SIZE = 16

# redis://…, unix://…, or redis-cluster://…; empty: the socket in the instance folder
# REDIS_URL = ''

# redis://… or amqp://… for the job queue; empty: the same Redis as above
# BROKER_URL = ''

# life of an access token [seconds]
# ACCESS_TOKEN_SECONDS = 7200

# how often a process asks for revoked sessions; at most 5 [seconds]
# REVOCATION_POLL_SECONDS = 2.0

# life of a session of staff [hours]
# STAFF_SESSION_HOURS = 12

# a session of staff that was not used for so long is over [minutes]
# STAFF_IDLE_MINUTES = 120

# idle minutes after which a till's page asks for the PIN; 0: it never does [minutes]
# STAFF_TILL_IDLE_MINUTES = 5

# wrong sign-ins in a row that lock an account [sign-ins]
# STAFF_LOCK_AFTER = 5

# how long it stays locked [minutes]
# STAFF_LOCK_MINUTES = 15

# sign-ins of staff from one address [calls a minute]
# STAFF_SIGN_INS_PER_MINUTE = 30

# role from which a second factor is demanded: cashier, editor, manager or owner; empty: none
# STAFF_SECOND_FACTOR_FROM = ''

# jobs that one worker process runs at once [threads]
# WORKER_THREADS = 4

# how often a worker looks for jobs that were never handed over or lost [seconds]
# WORKER_SWEEP_SECONDS = 3.0

# how long a stopping worker waits for the jobs under way [seconds]
# WORKER_STOP_SECONDS = 30.0

# after so long without a sign of its worker a job is run again [seconds]
# JOB_LEASE_SECONDS = 60

# how long done jobs are kept [days]
# JOB_KEEP_DAYS = 14

# the mini-program's AppID
# WX_APPID = ''

# the mini-program's AppSecret
# WX_SECRET = ''

# the open platform; the simulator's address in a demo
# WX_OPEN_BASE = 'https://api.weixin.qq.com'

# Token of the message push
# WX_PUSH_TOKEN = ''

# EncodingAESKey of the message push, 43 characters
# WX_PUSH_AES_KEY = ''

# code: wx.login codes; cloud_run: the headers of WeChat Cloud Run (微信云托管)
# WECHAT_IDENTITY = 'code'

# the merchant number; empty: nothing is paid with WeChat Pay
# WXPAY_MCHID = ''

# serial number of the merchant certificate, in hexadecimal
# WXPAY_SERIAL = ''

# path of the merchant's private key, apiclient_key.pem
# WXPAY_KEY_FILE = ''

# the APIv3 key, 32 characters
# WXPAY_APIV3_KEY = ''

# id of WeChat Pay's public key, PUB_KEY_ID_…; empty: an old merchant's certificates
# WXPAY_PUBKEY_ID = ''

# path of WeChat Pay's public key, pub_key.pem
# WXPAY_PUBKEY_FILE = ''

# WeChat Pay; the simulator's address in a demo
# WXPAY_BASE = 'https://api.mch.weixin.qq.com'

# this shop's address on the internet, https://…; WeChat Pay notifies paths below it
# WXPAY_NOTIFY_URL = ''

# purchases in a mall earn points by WeChat Pay's notices (needs WXPAY_MCHID)
# BUSINESS_CIRCLE_ENABLED = False

# the mall's brand id, for parking and claims
# BUSINESS_CIRCLE_BRAND_ID = 0

# how old a purchase may be that somebody made before becoming a member [days]
# BUSINESS_CIRCLE_PARKED_DAYS = 30

# how often WeChat is asked whether an authorisation still stands [hours]
# BUSINESS_CIRCLE_CHECK_HOURS = 24

# logins of one address; high, since many shoppers share one [calls a second]
# LOGIN_ADDRESS_PER_SECOND = 50

# logins of one address at once [calls]
# LOGIN_ADDRESS_BURST = 500

# logins of one WeChat user [calls a minute]
# LOGIN_OPENID_PER_MINUTE = 10

# logins of one WeChat user at once [calls]
# LOGIN_OPENID_BURST = 10

# writing calls of one member [calls a second]
# MEMBER_POSTS_PER_SECOND = 10

# writing calls of one member at once [calls]
# MEMBER_POSTS_BURST = 20

# phone numbers that one member asks WeChat for, which costs money [calls an hour]
# PHONE_BINDS_PER_HOUR = 10

# processes that answer requests; they share out the limits while Redis is away
# WEB_WORKERS = 2

# people who log in on one device in a day, beyond which no new one may [people]
# RISK_MEMBERS_PER_DEVICE = 5

# people who log in from one address in a day; a weak sign, never alone [people]
# RISK_MEMBERS_PER_ADDRESS = 500

# friends in a day for whom an inviter is rewarded at once [friends]
# RISK_FRIENDS_PER_INVITER = 5

# age below which an account is young [hours]
# RISK_YOUNG_ACCOUNT_HOURS = 24

# how long a lifted refusal is not repeated [days]
# RISK_LIFT_DAYS = 30

# how long refusals are kept [days]
# RISK_RECORD_DAYS = 180

# ask WeChat for the risk rank of who logs in (the mini-program needs that permission)
# WECHAT_RISK_RANK = False

# documents that shoppers may agree to, each with its current version
# CONSENT_DOCUMENTS = 'terms:1,privacy:1,marketing:1,guardian:1'

# age below which a birthday needs the guardian's consent; 0: it is never asked [years]
# GUARDIAN_CONSENT_BELOW_YEARS = 14

# life of a session's record after its end [days]
# SESSION_RECORD_DAYS = 30

# life of the consent records of a closed account [days]
# CONSENT_RECORD_DAYS = 1095

# life of earned points; 0: they never expire [days]
# POINTS_VALID_DAYS = 365

# life of restored points whose own lot has expired meanwhile [days]
# POINTS_RESTORE_GRACE_DAYS = 7

# ahead of expiry when points are announced [days]
# POINTS_EXPIRING_SOON_DAYS = 7

# how long points of a purchase wait before they can be spent; 0: they do not [days]
# PURCHASE_POINTS_MATURE_DAYS = 0

# points that one person gives a member, or takes, by hand in a day; beyond it another manager approves; 0: no limit [points]
# ADJUSTMENT_LIMIT_POINTS = 5000

# how long an adjustment that needs approval waits for it [days]
# ADJUSTMENT_REQUEST_DAYS = 7

# who did something within so long counts as active [days]
# MEMBER_ACTIVE_DAYS = 30

# who did nothing for so long counts as dormant [days]
# MEMBER_DORMANT_DAYS = 60

# subscribe: WeChat subscribe messages; console: the log; null: nothing
# MESSAGE_CHANNEL = 'console'

# WeChat templates as JSON: {"points_expiring": "template id"}, or with its keywords {"points_expiring": {"id": "…", "keywords": {"points": "number1"}}}
# MESSAGE_TEMPLATES = ''

# which version a message opens: formal, trial or developer
# MESSAGE_PROGRAM_STATE = 'formal'

# no message by the shop's clock; empty: at any hour
# MESSAGE_QUIET_HOURS = '22:00-08:00'

# most messages to one member in a day [messages]
# MESSAGES_PER_DAY = 3

# what a member pays for an order that is sent, once for the order, before tier and coupons; it is owed as cash, so it takes WeChat Pay or the wallet; 0: nothing [fen]
# SHIPPING_FEN = 0

# after so long a parcel that was sent counts as received [days]
# REDEMPTION_RECEIVE_DAYS = 10

# how long past its time a payment of which nothing is known keeps points and goods aside [hours]
# PAYMENT_UNKNOWN_HOURS = 24

# pick-up codes that one till may look up, right or wrong [calls a minute]
# PICKUP_LOOKUPS_PER_MINUTE = 60

# pick-up codes that one till may look up at once [calls]
# PICKUP_LOOKUPS_BURST = 30

# points that pay one yuan of a bill; 0: points do not pay bills [points]
# POINTS_PER_YUAN = 100

# most of a bill that points may pay [basis points]
# POINTS_AS_CASH_CAP_BP = 5000

# most that a member may have paid into a wallet; 0: no limit [fen]
# WALLET_MOST_PRINCIPAL_FEN = 500000

# tell WeChat what was shipped or collected, without which it keeps the money frozen
# WECHAT_SHIPPING_REPORT = False

# how long before a coupon ends its member is reminded [days]
# COUPON_REMIND_DAYS = 3

# how long a coupon that was offered to a friend waits to be taken [hours]
# COUPON_GIFT_HOURS = 72

# coupon codes that a member may type in, right or wrong [calls a minute]
# COUPON_CODES_PER_MINUTE = 10

# coupon codes that may be typed in at once [calls]
# COUPON_CODES_BURST = 5

# wrong coupon codes of a member after which the day is over [codes]
# COUPON_WRONG_CODES_PER_DAY = 20

# life of a member code [seconds]
# MEMBER_CODE_SECONDS = 60

# after so long a phone shows a new one [seconds]
# MEMBER_CODE_REFRESH_SECONDS = 30

# how much longer a member code is good once the next one is issued [seconds]
# MEMBER_CODE_GRACE_SECONDS = 5

# member codes that one member asks for [calls a minute]
# MEMBER_CODES_PER_MINUTE = 12

# only tills that a manager has registered may act
# TILLS_MUST_BE_REGISTERED = False

# scans at one till [calls a second]
# TILL_SCANS_PER_SECOND = 5

# scans at one till at once [calls]
# TILL_SCANS_BURST = 20

# unknown codes in a row that lock a till [codes]
# TILL_LOCK_AFTER = 10

# how long it stays locked [minutes]
# TILL_LOCK_MINUTES = 10

# look-ups by the last digits of a phone that one person makes [calls a minute]
# TILL_LOOKUPS_PER_MINUTE = 10

# largest sale of a cashier without a manager's approval; 0: no limit [fen]
# TILL_SALE_LIMIT_FEN = 500000

# largest refund of a cashier without a manager's approval; 0: no limit [fen]
# TILL_REFUND_LIMIT_FEN = 20000

# sales of one cashier to one member in a day without an approval; 0: no limit [sales]
# TILL_MEMBER_SALES_PER_DAY = 3

# how long a hand-over can be taken back [minutes]
# TILL_PICKUP_UNDO_MINUTES = 10

# how long a sale without a member can be claimed by its receipt [hours]
# RECEIPT_CLAIM_HOURS = 24

# how long after midnight the day's seed is published [minutes]
# LOTTERY_REVEAL_AFTER_MINUTES = 5

# life of a draw chance for which its rule names none; 0: it never expires [days]
# DRAW_CHANCE_VALID_DAYS = 30

# between a member's claims on one pool, at a steady pace [seconds]
# CLAIM_INTERVAL_SECONDS = 0.67

# claims of a member that may come at once; 0: no pace [claims]
# CLAIM_BURST = 3

# how long a process answers sold out without asking; 0: it always asks [seconds]
# SOLD_OUT_MEMORY_SECONDS = 0.2

# while Redis is away: database (slower, as right), or refuse (503)
# STOCK_WITHOUT_REDIS = 'database'
