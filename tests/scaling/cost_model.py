#!/usr/bin/env python3
"""What a training step costs on W ranks, by an alpha-beta model.

  python3 tests/scaling/cost_model.py predict POINTS      # of hosts.py: error per point
  python3 tests/scaling/cost_model.py bytes POINTS        # on the wire, beside the formula
  python3 tests/scaling/cost_model.py extrapolate [--svg FILE]
  python3 tests/scaling/cost_model.py horovod
  python3 tests/scaling/cost_model.py inputs              # every number and its source
  python3 tests/scaling/cost_model.py schedule mnistnet   # what step_replay reads
  python3 tests/scaling/cost_model.py efficiency mnistnet --alpha-us=159 --beta-mb=1194 \\
    --output=model.json                                   # for reprise report --cost-model
  python3 tests/scaling/cost_model_test.py                # the arithmetic

The model:
  message(m)    = alpha + m / beta; above 64 KiB alpha_long in alpha's place: such messages
                ask the receiver first (Horovod's), or go in pieces (ours)
  AllReduce(n)  = c + 2 (W-1) message(n / W), a ring; up to GATHERED bytes everybody sends
                all to everybody, c + alpha + (W-1) n / beta; 0 for W = 1
  exchange(n)   = c + message(n): one AllToAllv, n bytes sent by each rank
  buckets       in the order of core/comm/gradients/gradient_reducer.h; each starts when its last
                gradient is there and the one before is issued, at most 4 in flight. They share
                the link, so their bytes go one after the other; what each waits for messages
                (c and the alphas) passes at the same time as the others'. With --in-flight=1
                one starts when the one before is done.
  step          = forward + backward + exposed + optimizer; exposed: from the end of backward
                to the end of the last bucket. Rehearsal's exchange goes first and is open from
                the start of the step, beside forward.
alpha, alpha_long, beta and c come from AllReduces alone (`calibrate`), timed on 2 and 4
ranks over the same links. No step that is predicted is an input.
"""
import argparse
import json
import math
import pathlib
import statistics
import sys

IN_FLIGHT = 4  # kMaxInFlight of core/comm/progress_engine.cc
EAGER_LIMIT = 64 << 10  # of Open MPI's TCP layer (btl_tcp_eager_limit)
GATHERED = 16 << 10  # kGatheredAllReduceBytes of core/comm/mpi/mpi_transport.h


class Link:
    """Between two ranks. Seconds, bytes per second. gathered: 0 for rings of any size, as
    NCCL's and Horovod's."""

    def __init__(self, alpha, beta, call=0.0, alpha_long=None, eager_limit=EAGER_LIMIT,
                 gathered=GATHERED):
        self.alpha, self.beta, self.call, self.gathered = alpha, beta, call, gathered
        self.alpha_long = alpha if alpha_long is None else alpha_long
        self.eager_limit = eager_limit

    def message(self, size):
        alpha = self.alpha if size <= self.eager_limit else self.alpha_long
        return alpha + size / self.beta

    def waits(self, size, ranks):
        """Of an AllReduce, what its bytes do not take."""
        if ranks == 1:
            return 0.0
        if size <= self.gathered:
            return self.call + self.alpha
        alpha = self.message(size / ranks) - size / ranks / self.beta
        return self.call + 2 * (ranks - 1) * alpha

    def transfer(self, size, ranks):
        return sent_bytes(size, ranks, self.gathered) / self.beta

    def allreduce(self, size, ranks):
        return self.waits(size, ranks) + self.transfer(size, ranks)

    def exchange(self, size, ranks):
        """All to all, `size` bytes sent by each rank in all."""
        return 0.0 if ranks == 1 or size == 0 else self.call + self.message(size)


def sent_bytes(size, ranks, gathered=GATHERED):
    """By each rank in an AllReduce."""
    return (ranks - 1) * size if size <= gathered else 2 * (ranks - 1) / ranks * size


def slot(elements):
    """What a parameter takes in the flat buffer, which begins each at a multiple of 32."""
    return (elements + 31) // 32 * 32


class Step:
    """Of one rank, in seconds. parameters: (elements, part of backward after which its
    gradient is there), in registration order."""

    def __init__(self, parameters, forward, backward, optimizer=0.0, rehearsal=None,
                 first_bucket=64 << 10, bucket=4 << 20):
        self.parameters, self.forward, self.backward = parameters, forward, backward
        self.optimizer, self.rehearsal = optimizer, rehearsal
        self.first_bucket, self.bucket = first_bucket, bucket

    def compute(self):
        return self.forward + self.backward + self.optimizer

    def buckets(self):
        """[(bytes, part of backward after which it may go)], as PlanBuckets forms them of
        slots (core/comm/gradients/parameter_layout.h)."""
        buckets, elements, ready, count, limit = [], 0, 0.0, 0, self.first_bucket
        for size, at in reversed(self.parameters):
            size = slot(size)
            if count and 4 * (elements + size) > limit:
                buckets.append((4 * elements, ready))
                elements, ready, count, limit = 0, 0.0, 0, self.bucket
            elements, ready, count = elements + size, max(ready, at), count + 1
        return buckets + [(4 * (elements + slot(1)), ready)]  # and the sum of weights

    def exchange_bytes(self, ranks):
        """Sent by a rank to all others together (core/buffer/rehearsal_buffer.h), the draw
        spread evenly."""
        if self.rehearsal is None or ranks == 1:
            return 0
        drawn, offered, row = self.rehearsal
        up = lambda n: (n + 7) // 8 * 8
        rows = [drawn // ranks + (other < drawn % ranks) for other in range(1, ranks)]
        return sum(up(16 + 4 * offered) + (8 + up(row)) * r for r in rows)

    def wire_bytes(self, ranks):
        """Sent by all ranks together."""
        reduced = sum(sent_bytes(size, ranks) for size, _ in self.buckets())
        return round(ranks * reduced) + ranks * self.exchange_bytes(ranks)

    def on(self, link, ranks, overlap=True, in_flight=IN_FLIGHT):
        """(seconds of the step, of these exposed, of the AllReduces one by one)."""
        backward_end = self.forward + self.backward
        # Of the collectives so far: when the link has their bytes, when they are done.
        sent = self.exchange_bytes(ranks)
        link_free, done, busy = sent / link.beta, [link.exchange(sent, ranks)], 0.0
        for size, ready in self.buckets():
            start = self.forward + self.backward * (ready if overlap else 1.0)
            if len(done) >= in_flight:
                start = max(start, sorted(done)[-in_flight])
            link_free = max(link_free, start) + link.transfer(size, ranks)
            done.append(link_free + link.waits(size, ranks))
            busy += link.allreduce(size, ranks)
        exposed = max(0.0, max(done) - backward_end) if ranks > 1 else 0.0
        return backward_end + exposed + self.optimizer, exposed, busy


# ---- calibration -------------------------------------------------------------------------

# Bytes of the AllReduces that `calibrate` wants, all rings. Messages on 2 ranks are half as
# large: SMALL's below the eager limit, the others' above.
SMALL, MIDDLE, LARGE = 20 << 10, 256 << 10, 2 << 20


def calibrate(two, four):
    """A Link from medians of AllReduces: {bytes: seconds} on 2 ranks, of SMALL on 4.

    MIDDLE and LARGE on 2 are c + 2 alpha_long + n / beta: their difference gives
    beta, either the alpha. SMALL without its bytes is c + 2 (W-1) alpha: 2 and 4 ranks give
    alpha and c.
    """
    beta = (LARGE - MIDDLE) / max(1e-9, two[LARGE] - two[MIDDLE])
    waits_two, waits_four = (
        seconds - sent_bytes(SMALL, ranks) / beta
        for seconds, ranks in ((two[SMALL], 2), (four[SMALL], 4)))
    alpha = max(1e-7, (waits_four - waits_two) / 4)
    call = max(0.0, waits_two - 2 * alpha)
    alpha_long = max(alpha, (two[MIDDLE] - MIDDLE / beta - call) / 2)
    return Link(alpha, beta, call, alpha_long)


# ---- networks ----------------------------------------------------------------------------

class Layer:
    def __init__(self, sizes, work):
        self.sizes, self.work = sizes, work  # elements of its parameters; MACs an image


def conv_norm(inputs, outputs, kernel, pixels):
    return Layer([outputs * inputs * kernel * kernel, outputs, outputs],
                 outputs * inputs * kernel * kernel * pixels)


def with_bias(inputs, outputs, positions=1, kernel=1):
    """A linear layer, or a convolution with a bias."""
    return Layer([outputs * inputs * kernel, outputs], outputs * inputs * kernel * positions)


def resnet(blocks, width, bottleneck, classes, imagenet=False, expansion=None):
    """As models/resnet.cc; imagenet: a stem of 7 x 7 with stride 2 and a pooling by 2."""
    side = 112 if imagenet else 32
    layers = [conv_norm(3, width, 7 if imagenet else 3, side * side)]
    side, channels = 56 if imagenet else 32, width
    expansion = expansion or (4 if bottleneck else 1)
    for stage, count in enumerate(blocks):
        inner = width << stage
        outputs = inner * expansion
        for b in range(count):
            before = side * side
            strided = stage > 0 and b == 0
            if strided:
                side //= 2
            after = side * side
            if bottleneck:
                layers += [conv_norm(channels, inner, 1, before),
                           conv_norm(inner, inner, 3, after),
                           conv_norm(inner, outputs, 1, after)]
            else:
                layers += [conv_norm(channels, inner, 3, after),
                           conv_norm(inner, outputs, 3, after)]
            if strided or channels != outputs:
                layers.append(conv_norm(channels, outputs, 1, after))
            channels = outputs
    return layers + [with_bias(channels, classes)]


def vgg16():
    layers, channels, side = [], 3, 224
    for count, outputs in ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512)):
        for _ in range(count):
            layers.append(with_bias(channels, outputs, side * side, 9))
            channels = outputs
        side //= 2
    return layers + [with_bias(512 * 49, 4096), with_bias(4096, 4096), with_bias(4096, 1000)]


NETWORKS = {
    "MNISTNet": [with_bias(1, 32, 26 * 26, 9), with_bias(32, 64, 11 * 11, 9),
                 with_bias(1600, 50), with_bias(50, 10)],
    "ResNet-34 small": resnet([2, 2, 2], 40, False, 10),
    "ResNet-34": resnet([3, 4, 6, 3], 64, False, 10),
    "ResNet-101": resnet([3, 4, 23, 3], 64, True, 10),
    "ResNet-152": resnet([3, 8, 36, 3], 64, True, 10),
    "CANDLENet": [with_bias(1, 128, 60464, 20), with_bias(128, 128, 60455, 10),
                  with_bias(773760, 200), with_bias(200, 20), with_bias(20, 2)],
    "ResNet-101 ImageNet": resnet([3, 4, 23, 3], 64, True, 1000, imagenet=True),
    "VGG-16 ImageNet": vgg16(),
}
PARAMETERS = {"MNISTNet": 99_376, "ResNet-34 small": 1_087_090, "ResNet-34": 21_282_122,
              "ResNet-101": 42_512_970, "ResNet-152": 58_156_618}  # models/model_table_test.cc


def parameter_count(name):
    return sum(sum(layer.sizes) for layer in NETWORKS[name])


def macs(name):
    return sum(layer.work for layer in NETWORKS[name])


def parameters_of(name):
    """Gradients are there as backward's multiplications are done, layer by layer."""
    layers, all_work, done, parameters = NETWORKS[name], macs(name), 0, []
    for layer in reversed(layers):
        done += layer.work
        parameters = [(size, done / all_work) for size in layer.sizes] + parameters
    return parameters


# Seconds of forward, backward and optimizer of one rank of one thread on this kind of machine,
# and rehearsal (drawn and offered per rank and step, bytes of a row). hosts.py replays them.
MEASURED = {
    "mnistnet": ("MNISTNet", 0.0080, 0.0145, 0.0002, (20, 20, 784)),
    "resnet34-small": ("ResNet-34 small", 0.2068, 0.4502, 0.0008, (20, 20, 3072)),
}


# The others, without computation: for their bytes.
BYTES_ONLY = {"resnet34": "ResNet-34", "resnet101": "ResNet-101", "resnet152": "ResNet-152",
              "candlenet": "CANDLENet"}
REPLAYED = [*MEASURED, *BYTES_ONLY]


def replayed_step(key):
    if key in BYTES_ONLY:
        name = BYTES_ONLY[key]
        _, drawn, row = BATCHES[name]
        return Step(parameters_of(name), 0.0, 0.0, 0.0, (drawn, 20, row))
    name, forward, backward, optimizer, rehearsal = MEASURED[key]
    return Step(parameters_of(name), forward, backward, optimizer, rehearsal)


def schedule_text(key):
    step = replayed_step(key)
    lines = [f"# by tests/scaling/cost_model.py schedule {key}",
             f"forward {step.forward}", f"backward {step.backward}",
             f"optimizer {step.optimizer}", f"first_bucket_bytes {step.first_bucket}",
             f"bucket_bytes {step.bucket}", "rehearsal {} {} {}".format(*step.rehearsal)]
    return "\n".join(lines + [f"parameter {n} {at:.6f}" for n, at in step.parameters]) + "\n"


# ---- inputs of the extrapolation ---------------------------------------------------------

GB = 1e9
# Line rate in bytes per second, times the part of it that is payload: 1448 of the 1538 bytes
# that a frame of TCP takes on Ethernet (MTU 1500). alpha: an assumption of the kind of network,
# not measured by us.
TCP_PAYLOAD = 1448 / 1538
CLUSTERS = {
    # name: (GPUs a node, Link between nodes, bytes per second of a link within a node)
    "chifflot": (2, Link(25e-6, 25 / 8 * GB * TCP_PAYLOAD, 20e-6, gathered=0), 12 * GB),
    "drac": (4, Link(3e-6, 100 / 8 * GB * 0.95, 10e-6, gathered=0), 18 * GB),
    "drac-noib": (4, Link(25e-6, 10 / 8 * GB * TCP_PAYLOAD, 20e-6, gathered=0), 18 * GB),
}
HOROVOD_LINK = Link(5e-6, 25 / 8 * GB * 0.95, 20e-6, 10e-6, gathered=0)
HOROVOD_FUSION = 64 << 20

# Images per second of one P100, ImageNet, batch 64, synthetic data (tensorflow.org,
# performance/benchmarks, "Training with NVIDIA DGX-1 (NVIDIA Tesla P100)", May 2017; in
# tensorflow/tensorflow at 5984ffe, tensorflow/docs_src/performance/benchmarks.md).
P100_RESNET50, P100_RESNET152, P100_VGG16 = 219.0, 91.8, 154.0
RESNET50_MACS = sum(layer.work for layer in resnet([3, 4, 6, 3], 64, True, 1000, imagenet=True))
RESNET152_MACS = sum(layer.work for layer in resnet([3, 8, 36, 3], 64, True, 1000, imagenet=True))


def p100_resnet101():
    """Images per second: seconds an image between ResNet-50's and -152's, by their MACs."""
    part = (macs("ResNet-101 ImageNet") - RESNET50_MACS) / (RESNET152_MACS - RESNET50_MACS)
    return 1 / (1 / P100_RESNET50 + part * (1 / P100_RESNET152 - 1 / P100_RESNET50))


def p100_flops():
    """What a P100 does in training, 2 FLOP a MAC and 3 passes: by ResNet-152's figure."""
    return 6 * RESNET152_MACS * P100_RESNET152


LAUNCH = 5e-6  # seconds of one kernel, an assumption: what small layers cannot go below
KERNELS_FORWARD, KERNELS_BACKWARD = 3, 6  # a layer, an assumption


def p100_step(name, batch):
    """An assumption: nobody has measured these networks on a P100. The more of its FLOP at
    the rate of p100_flops() and its kernels at LAUNCH seconds."""
    work, layers = macs(name) * batch, len(NETWORKS[name])
    forward = max(2 * work / p100_flops(), layers * KERNELS_FORWARD * LAUNCH)
    backward = max(4 * work / p100_flops(), layers * KERNELS_BACKWARD * LAUNCH)
    return forward, backward


# Samples a step and rank: batch and representatives; bytes of a row.
BATCHES = {"MNISTNet": (64, 20, 784), "ResNet-34 small": (64, 20, 3072),
           "ResNet-34": (64, 20, 3072), "ResNet-101": (64, 20, 3072),
           "ResNet-152": (64, 20, 3072), "CANDLENet": (20, 20, 4 * 60483)}
GPUS = [1, 2, 4, 8, 12, 16, 24, 32, 48, 64, 128, 256, 512]


def link_of(cluster, gpus):
    """The slowest link of a ring over `gpus` GPUs. Node by node, so one flow crosses each
    network card in each direction; within one node only the node's own links."""
    per_node, between, within = CLUSTERS[cluster]
    if gpus > per_node:
        return between
    return Link(5e-6, within, between.call, gathered=0)


def extrapolated_step(name):
    batch, drawn, row = BATCHES[name]
    forward, backward = p100_step(name, batch + drawn)
    return Step(parameters_of(name), forward, backward, 0.0, (drawn, 20, row))


def efficiency(name, cluster, gpus, overlap=True):
    step = extrapolated_step(name)
    seconds, _, _ = step.on(link_of(cluster, gpus), gpus, overlap)
    return step.compute() / seconds


# ---- output ------------------------------------------------------------------------------

def print_inputs():
    rows = [("parameters of " + n, f"{parameter_count(n):,}",
             "models/" if n in BATCHES else "the papers; layer by layer in cost_model.py")
            for n in NETWORKS]
    rows += [("MACs of " + n, f"{macs(n) / 1e9:.3f} G", "counted layer by layer") for n in NETWORKS]
    rows += [
        ("buckets", "64 KiB, then 4 MiB", "core/comm/gradients/gradient_reducer.h"),
        ("P100, ResNet-50, batch 64", f"{P100_RESNET50} img/s",
         "tensorflow.org performance/benchmarks, May 2017, DGX-1, synthetic data"),
        ("P100, ResNet-152, batch 64", f"{P100_RESNET152} img/s", "the same"),
        ("P100, VGG-16, batch 64", f"{P100_VGG16} img/s", "the same"),
        ("P100, ResNet-101, batch 64", f"{p100_resnet101():.0f} img/s",
         "between ResNet-50's and ResNet-152's, by MACs"),
        ("P100 in training", f"{p100_flops() / 1e12:.2f} TFLOP/s", "ResNet-152's figure x 6 x MACs"),
        ("seconds of our networks on a P100", "see the table",
         "ASSUMPTION: MACs at that rate, at least 5 us a kernel, 3 + 6 kernels a layer"),
    ]
    for name, (per_node, link, within) in CLUSTERS.items():
        rows += [(f"{name}: GPUs a node", per_node, "grid5000.fr, hardware of Lille and Grenoble"),
                 (f"{name}: beta", f"{link.beta / GB:.2f} GB/s",
                  "line rate of the site's pages x payload of a frame (0.94; IB 0.95)"),
                 (f"{name}: alpha, a call",
                  f"{link.alpha * 1e6:.0f}, {link.call * 1e6:.0f} us",
                  "ASSUMPTION: usual of kernel TCP and of verbs"),
                 (f"{name}: within a node", f"{within / GB:.0f} GB/s",
                  "ASSUMPTION: PCIe 3.0 x16 / one NVLink 1 direction, as used")]
    rows += [("Horovod: 128 servers of 4 Pascal GPUs, RoCE 25 Gb/s; 90 % ResNet-101, 68 % VGG-16; "
              "32 servers: 79 % VGG-16",
              "", "horovod/horovod docs/benchmarks.rst; the README of 2017 (bobohuang/horovod has it)"),
             ("forward : backward of these two", "1 : 2", "ASSUMPTION: by MACs"),
             ("Horovod: fusion buffer", "64 MB", "horovod/horovod docs/tensor-fusion.rst"),
             ("Horovod: alpha, above the eager limit, a call", "5, 10, 20 us", "ASSUMPTION: RoCE")]
    print("| input | value | source |\n|---|---|---|")
    for row in rows:
        print("| {} | {} | {} |".format(*row))


def print_extrapolation():
    print("| network | step of one P100, ms: ASSUMED |\n|---|---|")
    for name in BATCHES:
        print(f"| {name} | {1e3 * extrapolated_step(name).compute():.1f} |")
    print()
    for overlap in (True, False):
        print("Gradients reduced behind backward:" if overlap else
              "\nAfter backward, without overlap (GPU ranks with --reduction=host):")
        print("\n| cluster | network | " + " | ".join(map(str, GPUS)) + " |")
        print("|---" * (2 + len(GPUS)) + "|")
        for cluster in CLUSTERS:
            for name in BATCHES:
                print(f"| {cluster} | {name} | " + " | ".join(
                    f"{100 * efficiency(name, cluster, g, overlap):.0f}" for g in GPUS) + " |")


def print_horovod():
    print("| network | servers x GPUs | published, % | model, % | exposed, ms | reduction, ms |"
          " step of one, ms |\n|---|---|---|---|---|---|---|")
    for name, rate, servers, published in (("ResNet-101 ImageNet", p100_resnet101(), 128, 90),
                                           ("VGG-16 ImageNet", P100_VGG16, 128, 68),
                                           ("ResNet-101 ImageNet", p100_resnet101(), 32, 90),
                                           ("VGG-16 ImageNet", P100_VGG16, 32, 79)):
        seconds = 64 / rate
        for kind, overlap in (("", True), (", no overlap", False)):
            step = Step(parameters_of(name), seconds / 3, seconds * 2 / 3,
                        first_bucket=HOROVOD_FUSION, bucket=HOROVOD_FUSION)
            total, exposed, busy = step.on(HOROVOD_LINK, 4 * servers, overlap, in_flight=1)
            print(f"| {name}{kind} | {servers} x 4 | {published} | {100 * seconds / total:.0f} |"
                  f" {1e3 * exposed:.0f} | {1e3 * busy:.0f} | {1e3 * seconds:.0f} |")


COLOURS = ["#1b6ca8", "#2a9d8f", "#8ab17d", "#e9a23b", "#e76f51", "#9b2226"]


def svg():
    """Efficiency over GPUs, one panel a cluster, by hand: no library draws it."""
    width, height, left, top = 300, 220, 46, 34
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{3 * (width + left) + 150}" '
           f'height="{height + top + 46}" font-family="sans-serif" font-size="11">',
           '<rect width="100%" height="100%" fill="white"/>']
    x_of = lambda panel, g: left + panel * (width + left) + math.log2(g) / math.log2(GPUS[-1]) * width
    y_of = lambda e: top + height * (1 - e)
    for panel, cluster in enumerate(CLUSTERS):
        x0, x1 = x_of(panel, 1), x_of(panel, GPUS[-1])
        out.append(f'<text x="{x0}" y="{top - 14}" font-weight="bold">{cluster}, extrapolated'
                   '</text>')
        for percent in range(0, 101, 20):
            y = y_of(percent / 100)
            out.append(f'<line x1="{x0}" y1="{y:.1f}" x2="{x1}" y2="{y:.1f}" stroke="#ddd"/>'
                       f'<text x="{x0 - 6}" y="{y + 4:.1f}" text-anchor="end">{percent}</text>')
        for gpus in (1, 4, 16, 48, 128, 512):
            out.append(f'<text x="{x_of(panel, gpus):.1f}" y="{top + height + 16}" '
                       f'text-anchor="middle">{gpus}</text>')
        out.append(f'<text x="{(x0 + x1) / 2}" y="{top + height + 34}" text-anchor="middle">GPUs'
                   '</text>')
        for colour, name in zip(COLOURS, BATCHES):
            points = " ".join(f"{x_of(panel, g):.1f},{y_of(efficiency(name, cluster, g)):.1f}"
                              for g in GPUS)
            out.append(f'<polyline points="{points}" fill="none" stroke="{colour}" '
                       'stroke-width="2"/>')
    x = 3 * (width + left) + 20
    out.append(f'<text x="{x}" y="{top + 6}">efficiency, %</text>')
    for i, (colour, name) in enumerate(zip(COLOURS, BATCHES)):
        y = top + 28 + 18 * i
        out.append(f'<line x1="{x}" y1="{y - 4}" x2="{x + 18}" y2="{y - 4}" stroke="{colour}" '
                   f'stroke-width="3"/><text x="{x + 24}" y="{y}">{name}</text>')
    return "\n".join(out + ["</svg>"]) + "\n"


def efficiency_file(network, link, ranks, forward_ms=None, backward_ms=None):
    """What `reprise report --cost-model` reads: efficiency by ranks, and of what."""
    step = replayed_step(network)
    if forward_ms is not None:
        step.forward, step.backward = forward_ms / 1e3, backward_ms / 1e3
    seconds = {w: step.on(link, w)[0] for w in ranks}
    source = (f"the cost model of docs/SCALING.md for {network}, forward {1e3 * step.forward:g} ms, "
              f"backward {1e3 * step.backward:g} ms, alpha {1e6 * link.alpha:g} us, "
              f"beta {link.beta / 1e6:g} MB/s, c {1e6 * link.call:g} us")
    return {"source": source, "efficiency": {str(w): seconds[1] / seconds[w] for w in ranks}}


LIMITED = 0.10  # of the step waited for a core: then the cores were the limit


def link_key(record):
    return (record["links"], record["delay_ms"], record["rate_mbit"])


def print_prediction(path, in_flight):
    records = [json.loads(line) for line in path.read_text().splitlines()]
    links = {}
    for key in sorted({link_key(r) for r in records}):
        two, four = {}, {}
        for ranks, into in ((2, two), (4, four)):
            for r in records:
                if r["record"] == "allreduce" and r["ranks"] == ranks and link_key(r) == key:
                    for result in r["allreduce"]:
                        into.setdefault(result["bytes"], []).append(
                            statistics.median(result["seconds"]))
        if two and four:
            links[key] = calibrate({b: statistics.median(s) for b, s in two.items()},
                                   {b: statistics.median(s) for b, s in four.items()})
    print("| links | delay, ms | rate, Mb/s | alpha, us | alpha above 64 KiB, us |"
          " beta, MB/s | c, us |\n|---|---|---|---|---|---|---|")
    for (kind, delay, rate), link in links.items():
        print(f"| {kind} | {delay:g} | {rate or 'none'} | {1e6 * link.alpha:.0f} |"
              f" {1e6 * link.alpha_long:.0f} | {link.beta / 1e6:.1f} |"
              f" {1e6 * link.call:.0f} |")
    print("\n| network | ranks | delay, ms | rate, Mb/s | step, ms: median (range) | predicted |"
          " error, % | exposed, ms | predicted | overlap, % | bytes / formula |"
          " waited for a core, % |")
    print("|---" * 12 + "|")
    free, limited, by_ranks = [], [], {}
    points = {}
    for r in records:
        if r["record"] == "replay":
            points.setdefault((r["model"], link_key(r), r["ranks"]), []).append(r)
    for (model, key, ranks), runs in sorted(points.items()):
        if key not in links or model in BYTES_ONLY:
            continue
        step = replayed_step(model)
        predicted, exposed, _ = step.on(links[key], ranks, in_flight=in_flight)
        medians = [statistics.median(r["step"]) for r in runs]
        median = statistics.median(medians)
        error = predicted / median - 1
        waited = statistics.median(r["run_delay"] / r["seconds"] for r in runs)
        if ranks > 1:
            by_ranks.setdefault(ranks, []).append(abs(error))
            (free if waited <= LIMITED else limited).append(abs(error))
        busy = sum(sum(r["busy"]) for r in runs)
        share = f"{100 * sum(sum(r['overlapped']) for r in runs) / busy:.0f}" if busy else ""
        for r in runs:  # the program and this model must speak of the same buckets
            assert ranks == 1 or r["buckets"] == len(step.buckets()), (model, r["buckets"])
        wire = step.wire_bytes(ranks)
        ratio = statistics.median(r["bytes_all_ranks"] / r["steps"] for r in runs)
        print(f"| {model} | {ranks} | {key[1]:g} | {key[2] or 'none'} | {1e3 * median:.1f}"
              f" ({1e3 * min(medians):.1f}..{1e3 * max(medians):.1f}) | {1e3 * predicted:.1f} |"
              f" {100 * error:+.0f} |"
              f" {1e3 * statistics.median(statistics.median(r['exposed']) for r in runs):.1f} |"
              f" {1e3 * exposed:.1f} | {share} |"
              f" {f'{ratio / wire:.3f}' if wire else ''} | {100 * waited:.1f} |")
    groups = [(f"all points of {ranks} ranks", errors) for ranks, errors in by_ranks.items()]
    groups += [(f"ranks waited for cores at most {100 * LIMITED:.0f} % of the time", free),
               ("ranks waited longer", limited)]
    print("\n| points of several ranks | number | error in the median, % | the most, % |"
          " within 15 % |\n|---|---|---|---|---|")
    for what, errors in groups:
        if errors:
            print(f"| {what} | {len(errors)} | {100 * statistics.median(errors):.1f} |"
                  f" {100 * max(errors):.1f} | {sum(e <= 0.15 for e in errors)} |")


def print_bytes(path):
    records = [json.loads(line) for line in path.read_text().splitlines()]
    points = {}
    for r in records:
        if r["record"] == "replay" and r["ranks"] > 1:
            points.setdefault((r["model"], r["ranks"]), []).append(r)
    print("| network | ranks | buckets | bytes a step, all ranks | formula | ratio |")
    print("|---" * 6 + "|")
    for (model, ranks), runs in sorted(points.items()):
        step = replayed_step(model)
        buckets = {r["buckets"] for r in runs}
        assert buckets == {len(step.buckets())}, (model, buckets)
        sent = statistics.median(r["bytes_all_ranks"] / r["steps"] for r in runs)
        wire = step.wire_bytes(ranks)
        print(f"| {model} | {ranks} | {len(step.buckets())} | {sent:,.0f} | {wire:,} |"
              f" {sent / wire:.3f} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    predict = commands.add_parser("predict")
    predict.add_argument("points", type=pathlib.Path)
    predict.add_argument("--in-flight", type=int, default=IN_FLIGHT)
    commands.add_parser("bytes").add_argument("points", type=pathlib.Path)
    commands.add_parser("extrapolate").add_argument("--svg", type=pathlib.Path)
    commands.add_parser("horovod")
    commands.add_parser("inputs")
    commands.add_parser("schedule").add_argument("network", choices=REPLAYED)
    efficiency_of = commands.add_parser("efficiency")
    efficiency_of.add_argument("network", choices=list(MEASURED))
    efficiency_of.add_argument("--ranks", type=int, nargs="+", default=[1, 2, 4, 8, 16, 32, 64])
    efficiency_of.add_argument("--alpha-us", type=float, required=True)
    efficiency_of.add_argument("--beta-mb", type=float, required=True, help="MB/s of a link")
    efficiency_of.add_argument("--call-us", type=float, default=0)
    efficiency_of.add_argument("--forward-ms", type=float, help="of one rank; else as measured")
    efficiency_of.add_argument("--backward-ms", type=float)
    efficiency_of.add_argument("--output", type=pathlib.Path, required=True)
    args = parser.parse_args()
    if args.command == "predict":
        print_prediction(args.points, args.in_flight)
    elif args.command == "bytes":
        print_bytes(args.points)
    elif args.command == "extrapolate":
        print_extrapolation()
        if args.svg:
            args.svg.write_text(svg())
    elif args.command == "horovod":
        print_horovod()
    elif args.command == "efficiency":
        if (args.forward_ms is None) != (args.backward_ms is None):
            parser.error("--forward-ms and --backward-ms go together")
        link = Link(args.alpha_us / 1e6, args.beta_mb * 1e6, args.call_us / 1e6)
        ranks = sorted({1, *args.ranks})
        content = efficiency_file(args.network, link, ranks, args.forward_ms, args.backward_ms)
        args.output.write_text(json.dumps(content, indent=1) + "\n")
    elif args.command == "inputs":
        print_inputs()
    else:
        sys.stdout.write(schedule_text(args.network))


if __name__ == "__main__":
    main()
