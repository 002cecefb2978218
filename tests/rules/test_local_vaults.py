"""Are a stack's keys made up once, for their owner alone, and changed without losing one in use?"""

import asyncio
from pathlib import Path

from deploy.local import vaults
from shared.vault import FileKeys
from shared.vault.keyring import read_ring


def test_a_service_s_keys_are_made_up_once_and_are_another_s_never(tmp_path: Path):
    folder = tmp_path / "secrets"

    made = [read_ring(vaults.of("booking", folder)) for _ in range(2)]
    other = read_ring(vaults.of("notify", folder))

    assert made[0] == made[1]
    assert made[0].index != other.index
    assert made[0].masters[0].key != other.masters[0].key
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_new_master_key_wraps_from_then_on_and_old_ones_go_once_they_wrap_nothing(
    tmp_path: Path,
):
    path = vaults.of("booking", tmp_path)
    (first,) = (one.id for one in read_ring(path).masters)
    index = read_ring(path).index

    second, third = vaults.add_master(path), vaults.add_master(path)
    newest = asyncio.run(FileKeys(path).newest())
    gone = [vaults.drop_masters(path, used) for used in ({first, third}, {third}, set())]

    assert newest == third
    assert gone == [[second], [first], []]
    assert [one.id for one in read_ring(path).masters] == [third]
    assert read_ring(path).index == index
