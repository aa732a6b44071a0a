// In place of libcudart.so: functions that answer with a number of their own.
extern "C" {
int cudaStreamSynchronize(void*) { return 11; }
int cudaDeviceSynchronize() { return 12; }
int cudaEventSynchronize(void*) { return 13; }
int cudaMemcpy(void*, const void*, unsigned long, int) { return 14; }
int cudaMemcpyAsync(void*, const void*, unsigned long, int kind, void*) {
  return 20 + kind;
}
struct Dim3 {
  unsigned x, y, z;
};
int cudaLaunchKernel(const void*, Dim3 grid, Dim3 block, void**,
                     unsigned long shared_bytes, void*) {
  return static_cast<int>(grid.x * 1000 + block.z * 100 + shared_bytes);
}
int cudaGraphLaunch(void*, void*) { return 16; }
}
