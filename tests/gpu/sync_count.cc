// A preload that counts what a program asks of CUDA's runtime: waits of the
// host, copies by direction, launches. At exit it writes one JSON line into the
// file $SYNC_COUNT_FILE, or to stderr.
//
//   LD_PRELOAD=./libsynccount.so SYNC_COUNT_FILE=counts.json reprise ...
//
// Seen are calls through libcudart.so, which are LibTorch's. cuDNN, cuBLAS and
// NCCL carry a runtime of their own inside: their launches are not counted. A
// copy from or to pageable memory is a wait, too: LibTorch follows it with
// cudaStreamSynchronize, which is what is counted.
//
// Signatures are those of CUDA's headers as the calling convention sees them;
// nothing of CUDA is needed to build this.
#include <dlfcn.h>

#include <atomic>
#include <cstddef>
#include <cstdio>
#include <cstdlib>

namespace {

// cudaMemcpyKind, in its order.
constexpr const char* kDirections[] = {"host_to_host", "host_to_device",
                                       "device_to_host", "device_to_device",
                                       "by_pointer"};
constexpr int kNumDirections = 5;

struct Counts {
  std::atomic<long> stream_synchronize{0}, device_synchronize{0},
      event_synchronize{0}, blocking_copies{0}, kernel_launches{0},
      graph_launches{0}, copies[kNumDirections] = {},
                         copied_bytes[kNumDirections] = {};

  // Libraries are unloaded in the reverse order of loading: this one last.
  ~Counts() {
    const char* const path = std::getenv("SYNC_COUNT_FILE");
    std::FILE* const out = path == nullptr ? stderr : std::fopen(path, "w");
    if (out == nullptr) {
      std::perror(path);
      return;
    }
    std::fprintf(out,
                 "{\"stream_synchronize\":%ld,\"device_synchronize\":%ld,"
                 "\"event_synchronize\":%ld,\"blocking_copies\":%ld,"
                 "\"kernel_launches\":%ld,\"graph_launches\":%ld",
                 stream_synchronize.load(), device_synchronize.load(),
                 event_synchronize.load(), blocking_copies.load(),
                 kernel_launches.load(), graph_launches.load());
    for (int kind = 0; kind < kNumDirections; ++kind) {
      std::fprintf(out, ",\"copies_%s\":%ld,\"bytes_%s\":%ld",
                   kDirections[kind], copies[kind].load(), kDirections[kind],
                   copied_bytes[kind].load());
    }
    std::fprintf(out, "}\n");
    if (out != stderr) std::fclose(out);
  }
};

Counts counts;

void CountCopy(size_t bytes, int kind) {
  if (kind < 0 || kind >= kNumDirections) return;
  ++counts.copies[kind];
  counts.copied_bytes[kind] += static_cast<long>(bytes);
}

// The runtime's own function behind the one of this name here.
template <typename Function>
Function* Next(const char* name) {
  void* const function = dlsym(RTLD_NEXT, name);
  if (function == nullptr) {
    std::fprintf(stderr, "libsynccount.so: no %s in libcudart.so\n", name);
    std::abort();
  }
  return reinterpret_cast<Function*>(function);
}

struct Dim3 {
  unsigned x, y, z;
};

}  // namespace

extern "C" {

int cudaStreamSynchronize(void* stream) {
  static auto* const next = Next<int(void*)>("cudaStreamSynchronize");
  ++counts.stream_synchronize;
  return next(stream);
}

int cudaDeviceSynchronize() {
  static auto* const next = Next<int()>("cudaDeviceSynchronize");
  ++counts.device_synchronize;
  return next();
}

int cudaEventSynchronize(void* event) {
  static auto* const next = Next<int(void*)>("cudaEventSynchronize");
  ++counts.event_synchronize;
  return next(event);
}

int cudaMemcpy(void* to, const void* from, size_t bytes, int kind) {
  static auto* const next =
      Next<int(void*, const void*, size_t, int)>("cudaMemcpy");
  ++counts.blocking_copies;
  CountCopy(bytes, kind);
  return next(to, from, bytes, kind);
}

int cudaMemcpyAsync(void* to, const void* from, size_t bytes, int kind,
                    void* stream) {
  static auto* const next =
      Next<int(void*, const void*, size_t, int, void*)>("cudaMemcpyAsync");
  CountCopy(bytes, kind);
  return next(to, from, bytes, kind, stream);
}

int cudaLaunchKernel(const void* function, Dim3 grid, Dim3 block,
                     void** arguments, size_t shared_bytes, void* stream) {
  static auto* const next =
      Next<int(const void*, Dim3, Dim3, void**, size_t, void*)>(
          "cudaLaunchKernel");
  ++counts.kernel_launches;
  return next(function, grid, block, arguments, shared_bytes, stream);
}

int cudaLaunchKernelExC(const void* config, const void* function,
                        void** arguments) {
  static auto* const next =
      Next<int(const void*, const void*, void**)>("cudaLaunchKernelExC");
  ++counts.kernel_launches;
  return next(config, function, arguments);
}

int cudaGraphLaunch(void* graph, void* stream) {
  static auto* const next = Next<int(void*, void*)>("cudaGraphLaunch");
  ++counts.graph_launches;
  return next(graph, stream);
}

}  // extern "C"
