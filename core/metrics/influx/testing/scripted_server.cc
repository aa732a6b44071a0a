#include "core/metrics/influx/testing/scripted_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "core/base/check.h"

namespace reprise {
namespace {

// More of what comes in; false where the other end is done or the test ends.
bool Receive(int connection, const std::atomic<bool>& is_ending,
             std::string* bytes) {
  while (!is_ending) {
    struct pollfd ready = {connection, POLLIN, 0};
    if (poll(&ready, 1, 20) <= 0) continue;
    char buffer[65536];
    const ssize_t got = read(connection, buffer, sizeof(buffer));
    if (got <= 0) return false;
    bytes->append(buffer, got);
    return true;
  }
  return false;
}

size_t BodySize(const std::string& head) {
  const size_t at = absl::AsciiStrToLower(head).find("content-length:");
  return at == std::string::npos ? 0 : std::atoll(head.c_str() + at + 15);
}

}  // namespace

ScriptedServer::ScriptedServer(Script script) : script_(std::move(script)) {
  listener_ = FileDescriptor(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  struct sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* const generic = reinterpret_cast<struct sockaddr*>(&address);
  socklen_t size = sizeof(address);
  REPRISE_CHECK(bind(listener_.get(), generic, size) == 0);
  REPRISE_CHECK(listen(listener_.get(), 8) == 0);
  REPRISE_CHECK(getsockname(listener_.get(), generic, &size) == 0);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Run(); });
}

ScriptedServer::~ScriptedServer() {
  is_ending_ = true;
  thread_.join();
}

std::string ScriptedServer::url() const {
  return absl::StrCat("http://127.0.0.1:", port_);
}

std::vector<HttpRequest> ScriptedServer::requests() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return requests_;
}

void ScriptedServer::Run() {
  while (!is_ending_) {
    struct pollfd ready = {listener_.get(), POLLIN, 0};
    if (poll(&ready, 1, 20) <= 0) continue;
    const FileDescriptor connection(accept(listener_.get(), nullptr, nullptr));
    if (connection.get() >= 0) Serve(connection.get());
  }
}

void ScriptedServer::Serve(int connection) {
  std::string bytes;
  while (true) {
    size_t head_end;
    while ((head_end = bytes.find("\r\n\r\n")) == std::string::npos) {
      if (!Receive(connection, is_ending_, &bytes)) return;
    }
    HttpRequest request;
    request.head = bytes.substr(0, head_end + 4);
    const size_t size = request.head.size() + BodySize(request.head);
    while (bytes.size() < size) {
      if (!Receive(connection, is_ending_, &bytes)) return;
    }
    request.body =
        bytes.substr(request.head.size(), size - request.head.size());
    bytes.erase(0, size);
    const HttpAnswer answer = script_(request);
    {
      std::lock_guard<std::mutex> lock(mutex_);
      requests_.push_back(request);
    }
    const std::string text = absl::StrCat(
        "HTTP/1.1 ", answer.status, " Scripted\r\n", answer.headers,
        "Content-Length: ", answer.body.size(), "\r\n\r\n", answer.body);
    if (send(connection, text.data(), text.size(), MSG_NOSIGNAL) < 0) return;
  }
}

}  // namespace reprise
