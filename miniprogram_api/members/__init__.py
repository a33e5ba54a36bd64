"""Members: enrolled at their first login, their profile, phone, consents; export and erasure.

Features above add their parts of a member's page (`profile.register`) and of the personal data
(`exports.register`), and hear of enrolment and closing (`events`).
"""
