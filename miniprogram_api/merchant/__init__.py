"""The merchant's pages (`/admin`): what they share, and those that the floor brings itself.

What they share: the frame with its navigation (`shell`, `navigation`), the dashboard and the member's
page as boards that features join (`dashboard`, `member_tabs`), lists (`listing`), forms (`forms`), drafts
(`drafts`), files (`csv_files`). A feature above brings `merchant_pages.py` and its templates.
"""
