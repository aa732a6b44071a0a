#!/usr/bin/env python3
"""The arithmetic of cost_model.py against closed forms: python3 tests/scaling/cost_model_test.py"""
import unittest

import cost_model
from cost_model import Link, Step

MS = 1e-3


def one_bucket(ready=1.0, elements=10_000):
    return Step([(elements, ready)], forward=10 * MS, backward=20 * MS, optimizer=1 * MS)


class LinkTest(unittest.TestCase):
    def test_one_rank_costs_nothing(self):
        link = Link(alpha=1, beta=1, call=1)
        self.assertEqual(link.allreduce(10**9, 1), 0)
        self.assertEqual(link.exchange(10**9, 1), 0)

    def test_allreduce_is_a_ring(self):
        link = Link(alpha=2 * MS, beta=1e6, call=3 * MS)
        for ranks in (2, 3, 8):
            self.assertAlmostEqual(
                link.allreduce(50_000, ranks),
                3 * MS + 2 * (ranks - 1) * (2 * MS + 50_000 / ranks / 1e6))

    def test_a_small_allreduce_is_gathered(self):
        link = Link(alpha=2 * MS, beta=1e6, call=3 * MS)
        ring = Link(alpha=2 * MS, beta=1e6, call=3 * MS, gathered=0)
        for ranks in (2, 3, 8):
            self.assertAlmostEqual(link.allreduce(16384, ranks),
                                   3 * MS + 2 * MS + (ranks - 1) * 16384 / 1e6)
            self.assertAlmostEqual(link.allreduce(16385, ranks), ring.allreduce(16385, ranks))
            self.assertAlmostEqual(
                ring.allreduce(16384, ranks),
                3 * MS + 2 * (ranks - 1) * (2 * MS + 16384 / ranks / 1e6))

    def test_long_messages_wait_longer(self):
        link = Link(alpha=1 * MS, beta=1e9, alpha_long=3 * MS, eager_limit=1000)
        self.assertAlmostEqual(link.message(1000), 1 * MS + 1e-6)
        self.assertAlmostEqual(link.message(2000), 3 * MS + 2e-6)

    def test_calibration_finds_the_link(self):
        link = Link(alpha=1 * MS, beta=5e7, call=0.2 * MS, alpha_long=2.5 * MS)
        sizes = (cost_model.SMALL, cost_model.MIDDLE, cost_model.LARGE)
        found = cost_model.calibrate({s: link.allreduce(s, 2) for s in sizes},
                                     {cost_model.SMALL: link.allreduce(cost_model.SMALL, 4)})
        self.assertAlmostEqual(found.alpha, link.alpha, places=6)
        self.assertAlmostEqual(found.call, link.call, places=6)
        self.assertAlmostEqual(found.alpha_long, link.alpha_long, places=6)
        self.assertAlmostEqual(found.beta / link.beta, 1, places=6)


class StepTest(unittest.TestCase):
    def test_one_rank_only_computes(self):
        step, exposed, busy = one_bucket().on(Link(1, 1, 1), 1)
        self.assertAlmostEqual(step, 31 * MS)
        self.assertEqual((exposed, busy), (0, 0))

    def test_one_bucket_at_the_end_is_all_exposed(self):
        link = Link(alpha=1 * MS, beta=1e6, call=1 * MS)
        step, exposed, busy = one_bucket().on(link, 4)
        wanted = 1 * MS + 6 * (1 * MS + 4 * 10_048 / 4 / 1e6)  # with the sum of weights
        self.assertAlmostEqual(exposed, wanted)
        self.assertAlmostEqual(busy, wanted)
        self.assertAlmostEqual(step, 31 * MS + wanted)

    def test_full_overlap(self):
        link = Link(alpha=0.1 * MS, beta=1e9)
        step, exposed, busy = one_bucket(ready=0.1).on(link, 8)
        self.assertGreater(busy, 0)
        self.assertEqual(exposed, 0)
        self.assertAlmostEqual(step, 31 * MS)
        self.assertAlmostEqual(one_bucket(ready=0.1).on(link, 8, overlap=False)[1], busy)

    def test_monotone(self):
        for name in cost_model.NETWORKS:
            step = Step(cost_model.parameters_of(name), 10 * MS, 20 * MS,
                        rehearsal=(20, 20, 784))
            by_alpha = [step.on(Link(a, 1e8), 8)[0] for a in (0, 1e-6, 1e-5, 1e-3, 1e-2)]
            by_rate = [step.on(Link(1e-5, b), 8)[0] for b in (1e10, 1e9, 1e8, 1e7)]
            by_ranks = [step.on(Link(1e-4, 1e8), w)[0] for w in (1, 2)]
            for values in (by_alpha, by_rate, by_ranks):
                self.assertEqual(values, sorted(values), name)

    def test_buckets_one_by_one_take_longer(self):
        step = Step([(100_000, 1.0)] * 6, 0, 1 * MS, first_bucket=1, bucket=1)
        self.assertEqual(len(step.buckets()), 6)
        link = Link(alpha=1 * MS, beta=1e9)
        serial, four = step.on(link, 2, in_flight=1), step.on(link, 2)
        self.assertAlmostEqual(serial[1], serial[2])  # all, after one another
        # The fifth starts when the first is done (0.4 + 2 ms), the sixth 0.4 ms later.
        weight_sum = 4 * 32 / 1e9
        self.assertAlmostEqual(serial[1], 6 * 2.4 * MS + weight_sum)
        self.assertAlmostEqual(four[1], (2.8 + 2.4) * MS + weight_sum)

    def test_no_faster_than_the_link(self):
        step = Step([(1_000_000, 1.0)] * 5, 0, 1 * MS, first_bucket=1, bucket=1)
        _, exposed, _ = step.on(Link(alpha=0, beta=1e8), 4)
        self.assertAlmostEqual(exposed, 2 * 3 / 4 * 4 * 5_000_032 / 1e8)


class NetworkTest(unittest.TestCase):
    def test_parameters_are_those_of_models(self):
        for name, count in cost_model.PARAMETERS.items():
            self.assertEqual(cost_model.parameter_count(name), count, name)

    def test_published_sizes(self):
        self.assertEqual(cost_model.parameter_count("VGG-16 ImageNet"), 138_357_544)
        self.assertEqual(cost_model.parameter_count("ResNet-101 ImageNet"), 44_549_160)

    def test_buckets_hold_all_gradients(self):
        for name in cost_model.NETWORKS:
            step = Step(cost_model.parameters_of(name), 1, 1)
            buckets = step.buckets()
            held = sum(b for b, _ in buckets) // 4
            padding = held - cost_model.parameter_count(name)
            self.assertEqual(held % 32, 0)
            self.assertGreaterEqual(padding, 32)  # the sum of weights
            self.assertLess(padding / held, 0.001)
            self.assertEqual([r for _, r in buckets], sorted(r for _, r in buckets))
            self.assertAlmostEqual(buckets[-1][1], 1)

    def test_mnistnet(self):
        step = cost_model.replayed_step("mnistnet")
        self.assertEqual([b for b, _ in step.buckets()], [4 * 608, 4 * 98_848])
        # core/buffer/rehearsal_buffer.h: 16 + 4 candidates, and (8 + row) for each of 10 rows of 20.
        self.assertEqual(step.exchange_bytes(2), 16 + 80 + 10 * (8 + 784))
        self.assertEqual(step.wire_bytes(2), 2 * 4 * 99_456 + 2 * step.exchange_bytes(2))
        # The first bucket is gathered, the second goes around the ring.
        self.assertEqual(step.wire_bytes(4), 4 * 3 * 4 * 608 + 2 * 3 * 4 * 98_848
                         + 4 * step.exchange_bytes(4))


class EfficiencyFileTest(unittest.TestCase):
    def test_efficiency_is_the_step_of_one_rank_over_that_of_more(self):
        link = Link(alpha=1 * MS, beta=1e9)
        content = cost_model.efficiency_file("mnistnet", link, [1, 4], 30, 60)
        step = cost_model.replayed_step("mnistnet")
        step.forward, step.backward = 30 * MS, 60 * MS
        self.assertEqual(content["efficiency"]["1"], 1)
        self.assertAlmostEqual(
            content["efficiency"]["4"], step.on(link, 1)[0] / step.on(link, 4)[0])
        self.assertLess(content["efficiency"]["4"], 1)
        self.assertIn("forward 30 ms", content["source"])


if __name__ == "__main__":
    unittest.main()
