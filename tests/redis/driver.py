"""Drives Pub/Sub, streams and blocking pops through redis-py against a server.

    python3 driver.py PORT

Each check is what redis-py's documentation promises of a Redis server. Exits with 1 at the
first that does not hold.
"""

import sys
import threading

import redis


def pubsub(client, resp):
    sub = client.pubsub(ignore_subscribe_messages=False)
    sub.subscribe("news")
    sub.psubscribe("n*")
    assert sub.get_message(timeout=5)["type"] == "subscribe"
    assert sub.get_message(timeout=5)["type"] == "psubscribe"
    assert client.publish("news", "hello") == 2
    kinds = [sub.get_message(timeout=5) for _ in range(2)]
    assert [kind["type"] for kind in kinds] == ["message", "pmessage"], kinds
    assert all(kind["data"] == "hello" for kind in kinds)
    sub.unsubscribe("news")
    assert sub.get_message(timeout=5)["type"] == "unsubscribe"
    assert client.publish("news", "again") == 1
    assert sub.get_message(timeout=5)["pattern"] == "n*"
    sub.punsubscribe()
    assert sub.get_message(timeout=5)["data"] == 0
    assert client.publish("news", "nobody") == 0
    sub.close()


def streams(client, resp):
    ids = [client.xadd("orders", {"n": n}) for n in range(3)]
    assert client.xlen("orders") == 3
    client.xgroup_create("orders", "billing", id="0")
    assert raises(redis.ResponseError, lambda: client.xgroup_create("orders", "billing"))
    read = client.xreadgroup("billing", "ann", {"orders": ">"}, count=2)
    entries = read["orders"][0] if isinstance(read, dict) else read[0][1]
    assert [entry[0] for entry in entries] == ids[:2], read
    assert client.xack("orders", "billing", ids[0]) == 1
    pending = client.xpending("orders", "billing")
    assert pending["pending"] == 1 and pending["min"] == ids[1], pending
    claimed = client.xclaim("orders", "billing", "bob", 0, [ids[1]])
    assert claimed[0][0] == ids[1], claimed
    details = client.xpending_range("orders", "billing", "-", "+", 10)
    assert details[0]["consumer"] == "bob" and details[0]["times_delivered"] == 2, details
    group = client.xinfo_groups("orders")[0]
    assert group["lag"] == 1 and group["pending"] == 1, group
    assert client.xtrim("orders", maxlen=1, approximate=False) == 2
    assert client.xrange("orders")[0][0] == ids[2]


def blocking(client, resp):
    got = []
    waiter = threading.Thread(target=lambda: got.append(client.blpop(["jobs", "more"], timeout=5)))
    waiter.start()
    while client.info("clients")["blocked_clients"] == 0:
        pass
    client.rpush("more", "one")
    waiter.join()
    assert [tuple(pair) for pair in got] == [("more", "one")], got
    client.rpush("jobs", "a", "b")
    assert client.blmove("jobs", "processing", 1, "LEFT", "RIGHT") == "a"
    assert client.lrange("processing", 0, -1) == ["a"]
    assert client.lrem("processing", 1, "a") == 1
    assert client.brpop("nothing", timeout=0.1) is None
    client.zadd("delayed", {"later": 2, "sooner": 1})
    assert list(client.bzpopmin("delayed", timeout=1))[1] == "sooner"


def transactions(client, resp):
    with client.pipeline() as pipe:
        pipe.watch("stock")
        pipe.multi()
        pipe.set("stock", 1)
        client.set("stock", 5)
        assert raises(redis.WatchError, pipe.execute)
    with client.pipeline() as pipe:
        pipe.incr("stock").hset("card", mapping={"a": "1", "b": "2"}).hgetall("card")
        assert pipe.execute() == [6, 2, {"a": "1", "b": "2"}]
    client.set("short", "x", px=1)
    assert client.ttl("stock") == -1
    assert raises(redis.ResponseError, lambda: client.lpush("stock", "x"))


def raises(kind, act):
    try:
        act()
    except kind:
        return True
    return False


def main():
    port = int(sys.argv[1])
    for resp in (2, 3):
        for check in (pubsub, streams, blocking, transactions):
            try:
                client = redis.Redis(port=port, decode_responses=True, protocol=resp)
            except TypeError:
                # redis-py 4 speaks RESP2 alone.
                if resp == 3:
                    continue
                client = redis.Redis(port=port, decode_responses=True)
            client.flushall()
            check(client, resp)
            client.close()
            print(f"ok RESP{resp} {check.__name__}")
    print(f"redis-py {redis.__version__}: all checks hold")


main()
