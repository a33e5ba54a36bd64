"""What every module of browser tests wears."""

import pytest

IN_CHROMIUM = [
    pytest.mark.browser,
    # The page does not know the database, and a browser is dear.
    pytest.mark.parametrize("database", ["sqlite"], indirect=True),
]
