"""Tags of tests that are run by hand, as root, with a machine of their own meanwhile."""

OWN_MACHINE_TAGS = [
    "cpu:2",
    "exclusive",
    "local",
    "manual",
    "mpi",
]
