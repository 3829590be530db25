from backend.giving_way import GiveWay


def test_work_waits_while_clients_do_but_never_starves():
    busy, now = True, 100.0
    give_way = GiveWay(lambda: busy, most_s=30, clock=lambda: now)
    assert give_way()
    now = 129
    assert give_way()
    now = 131  # half a minute without a break: it has waited enough
    assert not give_way()
    now = 200
    assert not give_way()
    busy = False
    assert not give_way()
    busy = True  # a new rush, a new half minute
    assert give_way()
    now = 231
    assert not give_way()
