"""All that a newcomer needs, behind one command: `flask demo`.

The supervisor starts an embedded Valkey, the WeChat simulator, the web server, a worker and the
schedule, seeds demo data, and stops what it started. Nothing here serves a shopper.
"""
