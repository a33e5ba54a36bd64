"""The floor that every feature stands on: database, Redis, clock, WeChat, members, HTTP manners, jobs."""
