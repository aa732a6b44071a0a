// A switch with links of a given delay and rate between network namespaces, for
// kernels without netem: frames pass through this process, which hands each on
// when a link would have delivered it. hosts.py starts it.
//
//   link_switch DELAY_SECONDS BITS_PER_SECOND NAMESPACE...
//
// Makes an interface eth0 of kind tap in each namespace, prints "ready" and
// runs until stdin ends or it is killed; the interfaces go with it. The address
// of host i is 02:00:00:00:00:i, so nothing has to be learned. 0 bits per
// second: no limit.
//
// A frame leaves its sender's link after bytes / rate, goes on over its
// receiver's link while it comes in (cut-through) unless that is busy, and
// arrives `delay` later. Either link is a queue of its own, in the order in
// which frames come to it, never idle with a frame waiting. Queues have no
// limit: TCP's windows bound them. Frames are as large as TCP made them (up to
// 64 KiB, segmentation offload as on a real network card), which is what lets
// two cores carry gigabits.
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <queue>
#include <string>
#include <utility>
#include <vector>

namespace {

// virtio_net_hdr, which is not C++ in every kernel's headers: what is left to
// do of checksum and segmentation. Goes through as it is.
constexpr size_t kOffloadHeader = 10;
constexpr size_t kLargestFrame = (64 << 10) + 256;
constexpr size_t kSegment = 1448, kHeaders = 66;

[[noreturn]] void Fail(const std::string& what) {
  std::fprintf(stderr, "link_switch: %s: %s\n", what.c_str(), strerror(errno));
  std::exit(1);
}

double Now() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec + 1e-9 * now.tv_nsec;
}

int OpenTap(const std::string& name) {
  const std::string path = "/run/netns/" + name;
  const int space = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (space < 0 || setns(space, CLONE_NEWNET) != 0) Fail(path);
  close(space);
  const int tap = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (tap < 0) Fail("/dev/net/tun");
  ifreq request = {};
  std::strcpy(request.ifr_name, "eth0");
  request.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
  if (ioctl(tap, TUNSETIFF, &request) != 0) Fail("TUNSETIFF in " + name);
  if (ioctl(tap, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4) != 0) {
    Fail("TUNSETOFFLOAD");
  }
  return tap;
}

struct Frame {
  double due = 0;
  uint64_t number = 0;  // frames that are due together keep their order
  bool sent = false;    // due is the arrival, else the end of the sender's link
  size_t to = 0;
  double seconds = 0;  // that it takes on a link
  std::vector<char> bytes;
};

struct Later {
  bool operator()(const Frame& a, const Frame& b) const {
    return a.due != b.due ? a.due > b.due : a.number > b.number;
  }
};

class Switch {
 public:
  Switch(double delay, double rate, std::vector<int> taps)
      : delay_(delay),
        rate_(rate),
        taps_(std::move(taps)),
        sends_until_(taps_.size(), 0),
        receives_until_(taps_.size(), 0) {}

  void Run() {
    std::vector<pollfd> events = {{STDIN_FILENO, POLLIN, 0}};
    for (const int tap : taps_) events.push_back({tap, POLLIN, 0});
    while (true) {
      timespec wait = {3600, 0};
      if (!frames_.empty()) {
        const double seconds = std::max(0.0, frames_.top().due - Now());
        wait.tv_sec = static_cast<time_t>(seconds);
        wait.tv_nsec = static_cast<long>(1e9 * (seconds - wait.tv_sec));
      }
      if (ppoll(events.data(), events.size(), &wait, nullptr) < 0 &&
          errno != EINTR) {
        Fail("ppoll");
      }
      if (events[0].revents != 0) return;
      for (size_t from = 0; from < taps_.size(); ++from) {
        if (events[1 + from].revents != 0) Read(from);
      }
      Deliver();
    }
  }

 private:
  void Read(size_t from) {
    for (int i = 0; i < 64; ++i) {  // then the others, and what is due
      buffer_.resize(kLargestFrame);
      const ssize_t count = read(taps_[from], buffer_.data(), buffer_.size());
      if (count <= static_cast<ssize_t>(kOffloadHeader) + 14) return;
      buffer_.resize(count);
      const char* frame = buffer_.data() + kOffloadHeader;
      if ((frame[0] & 1) == 0) {
        const size_t to = static_cast<unsigned char>(frame[5]);
        if (to < taps_.size() && to != from) Queue(from, to);
        continue;
      }
      for (size_t to = 0; to < taps_.size(); ++to) {  // a broadcast
        if (to != from) Queue(from, to);
      }
    }
  }

  void Queue(size_t from, size_t to) {
    Frame frame;
    if (rate_ > 0) {
      const size_t bytes = buffer_.size() - kOffloadHeader;
      frame.seconds = 8 * (bytes + bytes / kSegment * kHeaders) / rate_;
    }
    frame.due = sends_until_[from] =
        std::max(Now(), sends_until_[from]) + frame.seconds;
    frame.number = ++number_;
    frame.to = to;
    frame.bytes = buffer_;
    frames_.push(std::move(frame));
  }

  void Deliver() {
    while (!frames_.empty() && frames_.top().due <= Now()) {
      Frame frame = frames_.top();
      frames_.pop();
      if (!frame.sent) {
        double& until = receives_until_[frame.to];
        until = std::max(frame.due, until + frame.seconds);
        frame.due = until + delay_;
        frame.sent = true;
        frames_.push(std::move(frame));
        continue;
      }
      // Not there when the interface is down: lost, as on a real link.
      if (write(taps_[frame.to], frame.bytes.data(), frame.bytes.size()) < 0 &&
          errno != EIO && errno != EAGAIN) {
        Fail("write");
      }
    }
  }

  const double delay_, rate_;
  const std::vector<int> taps_;
  std::vector<double> sends_until_, receives_until_;
  std::priority_queue<Frame, std::vector<Frame>, Later> frames_;
  std::vector<char> buffer_;
  uint64_t number_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr,
                 "link_switch DELAY_SECONDS BITS_PER_SECOND NAMESPACE...\n");
    return 2;
  }
  prctl(PR_SET_TIMERSLACK, /*nanoseconds=*/1000, 0, 0, 0);
  std::vector<int> taps;
  for (int i = 3; i < argc; ++i) taps.push_back(OpenTap(argv[i]));
  Switch links(std::atof(argv[1]), std::atof(argv[2]), std::move(taps));
  std::printf("ready\n");
  std::fflush(stdout);
  links.Run();
}
