"""The tests of the op table catch planted faults (all of them: `python tests/plant_faults.py`)."""

import plant_faults


def test_a_sample_of_planted_faults_is_caught(capsys):
    missed = plant_faults.main([], sample=60)
    assert missed == 0, capsys.readouterr().out
