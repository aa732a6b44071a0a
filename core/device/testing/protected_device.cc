#include "core/device/testing/protected_device.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/detail/PrivateUse1HooksInterface.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_strided.h>
#include <ATen/ops/from_blob.h>
#include <c10/core/Allocator.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <sys/mman.h>
#include <torch/library.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "core/base/check.h"

namespace reprise {
namespace {

constexpr c10::DeviceType kType = c10::DeviceType::PrivateUse1;
const c10::Device kDevice(kType, 0);

// One piece of memory mapped twice: at `device` without access, at `host` with.
class ProtectedMemory final : public c10::Allocator {
 public:
  ProtectedMemory() {
    const int file = memfd_create("protected_device", MFD_CLOEXEC);
    REPRISE_CHECK(file >= 0 && ftruncate(file, kBytes) == 0) << "memfd";
    const auto map = [&](int access) {
      void* const at =
          mmap(nullptr, kBytes, access, MAP_SHARED | MAP_NORESERVE, file, 0);
      REPRISE_CHECK(at != MAP_FAILED) << "mmap";
      return static_cast<char*>(at);
    };
    device_ = map(PROT_NONE);
    host_ = map(PROT_READ | PROT_WRITE);
    close(file);
    free_[0] = kBytes;
  }

  char* Host(const void* of_device) const {
    return host_ + (static_cast<const char*>(of_device) - device_);
  }
  bool IsHost(const void* pointer) const {
    return pointer >= host_ && pointer < host_ + kBytes;
  }
  void* Device(const void* of_host) const {
    return device_ + (static_cast<const char*>(of_host) - host_);
  }

  c10::DataPtr allocate(size_t bytes) override {
    bytes = (bytes + kAlignment - 1) / kAlignment * kAlignment;
    if (bytes == 0) return {nullptr, kDevice};
    std::lock_guard<std::mutex> lock(mutex_);
    for (const auto [offset, size] : free_) {
      if (size < bytes) continue;
      free_.erase(offset);
      if (size > bytes) free_[offset + bytes] = size - bytes;
      used_[offset] = bytes;
      char* const at = device_ + offset;
      return {at, at, &Delete, kDevice};
    }
    REPRISE_CHECK(false) << "the protected device is full";
    return {};
  }
  void copy_data(void* to, const void* from, size_t bytes) const override {
    default_copy_data(Host(to), Host(from), bytes);
  }
  c10::DeleterFnPtr raw_deleter() const override { return &Delete; }

 private:
  static constexpr size_t kBytes = size_t{1} << 34, kAlignment = 256;

  static void Delete(void* at);

  void Free(void* at) {
    std::lock_guard<std::mutex> lock(mutex_);
    const size_t offset = static_cast<char*>(at) - device_;
    size_t size = used_.at(offset);
    used_.erase(offset);
    auto next = free_.emplace(offset, size).first;
    const auto after = std::next(next);
    if (after != free_.end() && offset + size == after->first) {
      next->second += after->second;
      free_.erase(after);
    }
    if (next != free_.begin()) {
      const auto before = std::prev(next);
      if (before->first + before->second == offset) {
        before->second += next->second;
        free_.erase(next);
      }
    }
  }

  char *device_ = nullptr, *host_ = nullptr;
  std::mutex mutex_;
  std::map<size_t, size_t> used_, free_;  // bytes by offset
};

ProtectedMemory& Memory() {
  static ProtectedMemory& memory = *new ProtectedMemory;
  return memory;
}

void ProtectedMemory::Delete(void* at) { Memory().Free(at); }

struct Guard final : public c10::impl::NoOpDeviceGuardImpl<kType> {
  c10::Device exchangeDevice(c10::Device) const override { return kDevice; }
  c10::Device getDevice() const override { return kDevice; }
  c10::Stream getStream(c10::Device) const noexcept override {
    return c10::Stream(c10::Stream::DEFAULT, kDevice);
  }
  c10::Stream exchangeStream(c10::Stream) const noexcept override {
    return c10::Stream(c10::Stream::DEFAULT, kDevice);
  }

  // It computes while it is called: an event has passed when it is recorded.
  void record(void** event, const c10::Stream&, const c10::DeviceIndex,
              const c10::EventFlag) const override {
    destroyEvent(*event, kDevice.index());
    *event = new Moment(std::chrono::steady_clock::now());
  }
  bool queryEvent(void*) const override { return true; }
  void synchronizeEvent(void*) const override {}
  void block(void*, const c10::Stream&) const override {}
  void destroyEvent(void* event,
                    const c10::DeviceIndex) const noexcept override {
    delete static_cast<Moment*>(event);
  }
  double elapsedTime(void* from, void* to,
                     const c10::DeviceIndex) const override {
    return std::chrono::duration<double, std::milli>(
               *static_cast<Moment*>(to) - *static_cast<Moment*>(from))
        .count();
  }

 private:
  using Moment = std::chrono::steady_clock::time_point;
};

struct Hooks final : public at::PrivateUse1HooksInterface {
  bool isBuilt() const override { return true; }
  bool isAvailable() const override { return true; }
  bool hasPrimaryContext(c10::DeviceIndex) const override { return true; }
};

std::atomic<int64_t> synchronisations{0};

bool IsOfDevice(const at::Tensor& tensor) {
  return tensor.defined() && tensor.device().type() == kType;
}

at::Tensor Empty(at::IntArrayRef sizes, at::IntArrayRef strides,
                 at::ScalarType type) {
  size_t elements = sizes.empty() ? 1 : 0;
  bool is_empty = false;
  size_t last = 0;
  for (size_t d = 0; d < sizes.size(); ++d) {
    if (sizes[d] == 0) is_empty = true;
    last += static_cast<size_t>((sizes[d] - 1) * strides[d]);
  }
  if (!is_empty) elements = last + 1;
  const size_t bytes = is_empty ? 0 : elements * c10::elementSize(type);
  auto storage = c10::make_intrusive<c10::StorageImpl>(
      c10::StorageImpl::use_byte_size_t(), bytes, Memory().allocate(bytes),
      &Memory(), /*resizable=*/true);
  at::Tensor tensor = at::detail::make_tensor<c10::TensorImpl>(
      std::move(storage), c10::DispatchKeySet(c10::DispatchKey::PrivateUse1),
      c10::scalarTypeToTypeMeta(type));
  tensor.unsafeGetTensorImpl()->set_sizes_and_strides(sizes, strides);
  return tensor;
}

// The same elements, as a tensor of the CPU's.
at::Tensor OnHost(const at::Tensor& tensor) {
  if (tensor.numel() == 0) {
    // One that may grow.
    return at::empty_strided(tensor.sizes(), tensor.strides(),
                             at::TensorOptions(tensor.scalar_type()));
  }
  // All of its storage: a view may be made of more than the tensor has.
  const c10::Storage& storage = tensor.storage();
  const int64_t elements =
      static_cast<int64_t>(storage.nbytes() / tensor.element_size());
  return at::from_blob(
             Memory().Host(storage.data()), {elements}, [tensor](void*) {},
             at::TensorOptions(tensor.scalar_type()))
      .as_strided(tensor.sizes(), tensor.strides(), tensor.storage_offset());
}

at::Tensor OnDevice(const at::Tensor& host) {
  at::Tensor copy = Empty(host.sizes(), host.strides(), host.scalar_type());
  if (host.numel() > 0) OnHost(copy).copy_(host);
  return copy;
}

// Calls the CPU's kernel with the device's tensors as what they are.
class Call {
 public:
  explicit Call(const c10::OperatorHandle& op) : op_(op) {}

  void Run(torch::jit::Stack* stack) {
    const size_t count = op_.schema().arguments().size();
    const size_t first = stack->size() - count;
    for (size_t i = first; i < stack->size(); ++i) {
      c10::IValue& value = (*stack)[i];
      if (value.isTensor()) {
        value = Taken(value.toTensor());
      } else if (value.isTensorList()) {
        std::vector<at::Tensor> taken;
        for (const at::Tensor& tensor : value.toTensorVector()) {
          taken.push_back(Taken(tensor));
        }
        value = c10::IValue(taken);
      } else if (value.isOptionalTensorList()) {
        // Indices may lie on the host.
        c10::List<std::optional<at::Tensor>> taken;
        for (const std::optional<at::Tensor>& tensor :
             value.toOptionalTensorVector()) {
          taken.push_back(tensor.has_value() && IsOfDevice(*tensor)
                              ? Taken(*tensor)
                              : tensor);
        }
        value = c10::IValue(taken);
      } else if (value.isDevice() && value.toDevice().type() == kType) {
        value = c10::Device(c10::DeviceType::CPU);
      }
    }
    TORCH_CHECK(!has_host_ || taken_.empty(), op_.schema().name(),
                ": expected all tensors on one device, found some of the "
                "protected device and some of the CPU");
    op_.callBoxed(stack);
    for (auto& [device, host] : taken_) {
      if (host.sizes() == device.sizes() || Memory().IsHost(host.data_ptr())) {
        continue;
      }
      // An output that the operation has given its size.
      const at::Tensor grown = OnDevice(host);
      device.unsafeGetTensorImpl()->set_storage_keep_dtype(grown.storage());
      device.unsafeGetTensorImpl()->set_sizes_and_strides(grown.sizes(),
                                                          grown.strides());
    }
    for (size_t i = first; i < stack->size(); ++i) {
      c10::IValue& value = (*stack)[i];
      if (value.isBool() || value.isScalar()) {
        ++synchronisations;
      } else if (value.isTensor()) {
        value = Given(value.toTensor());
      } else if (value.isTensorList()) {
        std::vector<at::Tensor> given;
        for (const at::Tensor& tensor : value.toTensorVector()) {
          given.push_back(Given(tensor));
        }
        value = c10::IValue(given);
      }
    }
  }

 private:
  at::Tensor Taken(const at::Tensor& tensor) {
    if (!IsOfDevice(tensor)) {
      has_host_ = has_host_ || (tensor.defined() && tensor.dim() > 0);
      return tensor;
    }
    taken_.emplace_back(tensor, OnHost(tensor));
    return taken_.back().second;
  }

  at::Tensor Given(const at::Tensor& host) {
    if (!host.defined()) return host;
    for (const auto& [device, taken] : taken_) {
      if (taken.is_same(host)) return device;
    }
    if (host.numel() == 0 || !Memory().IsHost(host.data_ptr())) {
      return OnDevice(host);
    }
    // A view of one that was taken.
    void* const at = Memory().Device(host.data_ptr());
    for (const auto& [device, taken] : taken_) {
      const auto* begin = static_cast<const char*>(device.storage().data());
      const auto* const pointer = static_cast<const char*>(at);
      if (pointer < begin || pointer >= begin + device.storage().nbytes()) {
        continue;
      }
      at::Tensor view = at::detail::make_tensor<c10::TensorImpl>(
          c10::TensorImpl::VIEW, c10::Storage(device.storage()),
          device.key_set(), host.dtype());
      view.unsafeGetTensorImpl()->set_sizes_and_strides(
          host.sizes(), host.strides(),
          (pointer - begin) / static_cast<int64_t>(host.element_size()));
      return view;
    }
    REPRISE_CHECK(false) << op_.schema().name() << ": a view of nothing";
    return host;
  }

  const c10::OperatorHandle& op_;
  std::vector<std::pair<at::Tensor, at::Tensor>> taken_;
  bool has_host_ = false;
};

void OnTheHost(const c10::OperatorHandle& op, torch::jit::Stack* stack) {
  Call(op).Run(stack);
}

at::Tensor EmptyOfFormat(at::IntArrayRef sizes,
                         std::optional<at::ScalarType> type,
                         std::optional<at::Layout>, std::optional<at::Device>,
                         std::optional<bool>,
                         std::optional<at::MemoryFormat> format) {
  const at::Tensor shape = at::empty(
      sizes, at::TensorOptions(type.value_or(at::kFloat)).device(at::kMeta),
      format);
  return Empty(sizes, shape.strides(), shape.scalar_type());
}

at::Tensor EmptyOfStrides(at::IntArrayRef sizes, at::IntArrayRef strides,
                          std::optional<at::ScalarType> type,
                          std::optional<at::Layout>, std::optional<at::Device>,
                          std::optional<bool>) {
  return Empty(sizes, strides, type.value_or(at::kFloat));
}

at::Tensor CopyFrom(const at::Tensor& from, const at::Tensor& to,
                    bool non_blocking) {
  if (!IsOfDevice(to) || (!IsOfDevice(from) && !non_blocking)) {
    ++synchronisations;
  }
  const at::Tensor target = IsOfDevice(to) ? OnHost(to) : to;
  target.copy_(IsOfDevice(from) ? OnHost(from) : from);
  return to;
}

}  // namespace

c10::Device ProtectedDevice() {
  static const bool known = [] {
    c10::register_privateuse1_backend("protected");
    at::RegisterPrivateUse1HooksInterface(new Hooks);
    c10::SetAllocator(kType, &Memory());
    static c10::impl::DeviceGuardImplRegistrar guard(kType, new Guard);
    static torch::Library all(torch::Library::IMPL, "_",
                              c10::DispatchKey::PrivateUse1, __FILE__,
                              __LINE__);
    all.fallback(torch::CppFunction::makeFromBoxedFunction<&OnTheHost>());
    static torch::Library aten(torch::Library::IMPL, "aten",
                               c10::DispatchKey::PrivateUse1, __FILE__,
                               __LINE__);
    aten.impl("empty.memory_format", &EmptyOfFormat);
    aten.impl("empty_strided", &EmptyOfStrides);
    aten.impl("_copy_from", &CopyFrom);
    // What LibTorch would otherwise ask the device's own library for.
    for (const char* name : {"convolution", "convolution_backward"}) {
      aten.impl(name, torch::CppFunction::makeFromBoxedFunction<&OnTheHost>());
    }
    return true;
  }();
  REPRISE_CHECK(known) << "protected device";
  return kDevice;
}

int64_t SynchronisationsOfProtectedDevice() { return synchronisations; }

}  // namespace reprise
