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

# life of an access token [seconds]
# ACCESS_TOKEN_SECONDS = 7200

# how often a process asks for revoked sessions; at most 5 [seconds]
# REVOCATION_POLL_SECONDS = 2.0

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

# after so long a parcel that was sent counts as received [days]
# REDEMPTION_RECEIVE_DAYS = 10

# pick-up codes that one till may look up, right or wrong [calls a minute]
# PICKUP_LOOKUPS_PER_MINUTE = 60

# pick-up codes that one till may look up at once [calls]
# PICKUP_LOOKUPS_BURST = 30

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
