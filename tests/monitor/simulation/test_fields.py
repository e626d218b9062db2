from __future__ import annotations

import numpy as np
import pytest

from monitor.simulation.fields import FieldShape, Upsampler, block_means
from monitor.simulation.streams import stream


def test_fields_have_mean_nought_and_variance_one() -> None:
    shape = FieldShape.of_scale((60, 80), (3.0, 0.7), (1.0, 0.3))
    fields = np.array([shape.draw(stream(1, "field", n)) for n in range(60)])

    assert fields.mean() == pytest.approx(0.0, abs=0.02)
    assert fields.std() == pytest.approx(1.0, abs=0.04)


def test_neighbours_agree_and_distant_cells_do_not() -> None:
    shape = FieldShape.of_scale((100, 100), (4.0, 1.0))
    fields = np.array([shape.draw(stream(1, "field", n)) for n in range(40)])

    near = np.corrcoef(fields[:, :, :-1].ravel(), fields[:, :, 1:].ravel())[0, 1]
    far = np.corrcoef(fields[:, :, :-40].ravel(), fields[:, :, 40:].ravel())[0, 1]

    assert near > 0.95
    assert abs(far) < 0.1


def test_upsampling_keeps_a_plane_a_plane() -> None:
    coarse = np.arange(5, dtype=np.float32)[np.newaxis, :].repeat(4, axis=0)

    fine = Upsampler.between((4, 5), (8, 10))(coarse)

    # Centres of halves: a quarter of a cell beside the centre of the cell.
    assert np.allclose(fine[3], [0, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3.25, 3.75, 4])


def test_upsampling_to_the_same_shape_changes_nothing() -> None:
    field = stream(1, "field").standard_normal((6, 7), dtype=np.float32)

    assert np.allclose(Upsampler.between((6, 7), (6, 7))(field), field)


def test_block_means_average_squares() -> None:
    fine = np.arange(16, dtype=np.float32).reshape(4, 4)

    assert block_means(fine, 2).tolist() == [[2.5, 4.5], [10.5, 12.5]]


def test_block_means_of_single_cells_are_the_cells() -> None:
    fine = np.arange(8, dtype=np.float32).reshape(2, 2, 2)

    assert np.array_equal(block_means(fine, 1), fine)
