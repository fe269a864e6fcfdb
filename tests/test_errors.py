from __future__ import annotations

import pickle

from funnelsim.errors import Fault, InputError


def test_every_fault_has_its_line_with_place_rule_value_and_suggestion():
    error = InputError(
        [
            Fault("a.toml", "policy.sla.A.first_touch", "must be > 0", "-1h"),
            Fault("a.toml", "policy.scoring.cutof", "unknown key", suggestion="did you mean 'cutoff'?"),
        ]
    )

    assert str(error).splitlines() == [
        "a.toml: policy.sla.A.first_touch: must be > 0, got -1h",
        "a.toml: policy.scoring.cutof: unknown key; did you mean 'cutoff'?",
    ]


def test_an_input_error_comes_home_from_a_worker_whole():
    error = InputError([Fault("a.toml", "run.seed", "must be >= 0", "-1")])

    assert pickle.loads(pickle.dumps(error)).faults == error.faults
