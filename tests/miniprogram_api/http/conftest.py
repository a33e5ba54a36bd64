import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from miniprogram_api.core.db import db, transaction

from . import trial


@pytest.fixture
def trials(app: Flask) -> Flask:
    """The application with the trial feature and its table."""
    app.extensions["flask-smorest"]["apis"][""]["ext_obj"].register_blueprint(trial.blp)
    with transaction() as session:
        session.execute(sa.text("CREATE TABLE revoked_trial (points BIGINT NOT NULL)"))
    return app


@pytest.fixture
def caller(trials: Flask) -> FlaskClient:
    """A client of the application with the trial feature."""
    return trials.test_client()


def rows_written() -> int:
    db.session.rollback()
    return db.session.scalar(sa.text("SELECT count(*) FROM revoked_trial")) or 0
