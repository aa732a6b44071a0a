#include "launch/mpirun/command/mpirun_command.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

using testing::ElementsAre;

TEST(ForwardedVariables, AreThoseOfLibrariesThatRanksComputeWith) {
  const char* const environment[] = {"NVIDIA_TF32_OVERRIDE=0",
                                     "CUDA_LAUNCH_BLOCKING=1",
                                     "CUBLAS_WORKSPACE_CONFIG=:4096:8",
                                     "CUDNN_LOGLEVEL_DBG=",
                                     "PYTORCH_CUDA_ALLOC_CONF=a=b",
                                     "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE=1",
                                     "ONEDNN_MAX_CPU_ISA=AVX2",
                                     "DNNL_VERBOSE=1",
                                     "ATEN_CPU_CAPABILITY=avx2",
                                     "GOMP_SPINCOUNT=0",
                                     "MKL_CBWR=AVX2",
                                     "OMP_NUM_THREADS=2",
                                     "NCCL_DEBUG=INFO",
                                     "UCX_TLS=tcp",
                                     "REPRISE_DATASETS=/d",
                                     "LD_LIBRARY_PATH=/l",
                                     nullptr};
  EXPECT_THAT(
      ForwardedVariables(environment),
      ElementsAre("NVIDIA_TF32_OVERRIDE", "CUDA_LAUNCH_BLOCKING",
                  "CUBLAS_WORKSPACE_CONFIG", "CUDNN_LOGLEVEL_DBG",
                  "PYTORCH_CUDA_ALLOC_CONF", "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE",
                  "ONEDNN_MAX_CPU_ISA", "DNNL_VERBOSE", "ATEN_CPU_CAPABILITY",
                  "GOMP_SPINCOUNT", "MKL_CBWR", "OMP_NUM_THREADS", "NCCL_DEBUG",
                  "UCX_TLS", "REPRISE_DATASETS", "LD_LIBRARY_PATH"));
}

TEST(ForwardedVariables, AreThoseOfTheServerThatRankZeroSendsTo) {
  const char* const environment[] = {
      "INFLUX_TOKEN=s3cret", "INFLUX_PASSWORD=s3cret", "SSL_CERT_FILE=/c",
      "CURL_CA_BUNDLE=/c",   "INFLUX_TOKEN_OTHER=1",   nullptr};
  EXPECT_THAT(ForwardedVariables(environment),
              ElementsAre("INFLUX_TOKEN", "INFLUX_PASSWORD", "SSL_CERT_FILE",
                          "CURL_CA_BUNDLE"));
}

TEST(ForwardedVariables, AreNotThoseOfThisHost) {
  const char* const environment[] = {"CUDA_VISIBLE_DEVICES=1", "HOME=/root",
                                     "PATH=/bin", "XNCCL_DEBUG=1", nullptr};
  EXPECT_THAT(ForwardedVariables(environment), ElementsAre());
}

}  // namespace
}  // namespace reprise
