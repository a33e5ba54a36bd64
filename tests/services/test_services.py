"""The servers that other tests lean on: they start, keep what they promise, and are gone."""

import socket

import psycopg
import pytest
import redis
from redis.cluster import RedisCluster
from sqlalchemy import make_url

from tests.services import network, postgres, valkey


def plain(url: str) -> str:
    """A URL as the driver itself reads it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.8.9.1", "::1", "localhost", pytest.param(b"localhost", id="bytes"), None],
)
def test_this_machine_is_here(host: object) -> None:
    assert network.is_here(host)


@pytest.mark.parametrize("host", ["192.0.2.1", "10.0.0.1", "0.0.0.0", "2001:db8::1", "shop.test"])
def test_everything_else_is_not(host: str) -> None:
    assert not network.is_here(host)


def test_a_connection_to_elsewhere_is_refused_before_it_is_tried() -> None:
    tried = []
    connect = network._guarded(lambda *args: tried.append(args))
    with socket.socket() as wire:
        with pytest.raises(network.NetworkClosed, match=r"192\.0\.2\.1"):
            connect(wire, ("192.0.2.1", 443))
        assert tried == []
        connect(wire, ("127.0.0.1", 443))
        assert tried == [(wire, ("127.0.0.1", 443))]


def test_the_network_of_this_very_process_is_closed() -> None:
    with pytest.raises(network.NetworkClosed):
        socket.getaddrinfo("shop.test", 443)


def test_a_server_is_gone_with_its_block() -> None:
    with valkey.running() as server:
        client = server.client()
        assert client.info("server")["process_id"] == server.pid
    with pytest.raises(redis.ConnectionError):
        client.ping()
    assert server.process.returncode is not None


@pytest.mark.slow
def test_a_cluster_spreads_its_keys() -> None:
    with valkey.cluster(masters=3) as url:
        client = RedisCluster.from_url(url.replace("redis-cluster", "redis", 1))
        for number in range(30):
            client.set(f"key:{number}", number)
        sizes = [client.dbsize(target_nodes=node) for node in client.get_primaries()]
        client.close()
    assert sum(sizes) == 30
    assert len([size for size in sizes if size]) == 3


def test_a_database_is_copied_and_dropped() -> None:
    with postgres.own_server() as server:
        first = server.create_database()
        with psycopg.connect(plain(first)) as connection:
            connection.execute("CREATE TABLE shelf AS SELECT 7 AS tins")
        copy = server.create_database(template=first)
        with psycopg.connect(plain(copy)) as connection:
            assert connection.execute("SELECT tins FROM shelf").fetchall() == [(7,)]
        server.drop_database(copy)
        with pytest.raises(psycopg.OperationalError, match="does not exist"):
            psycopg.connect(plain(copy))


@pytest.mark.slow
def test_a_durable_server_keeps_through_a_crash_what_it_acknowledged() -> None:
    with postgres.own_server(durable=True, on_port=True) as server:
        url = plain(server.create_database())
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE shelf AS SELECT 7 AS tins")
        server.crash()
        server.boot()
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT tins FROM shelf").fetchall() == [(7,)]
            assert connection.execute("SHOW fsync").fetchall() == [("on",)]
