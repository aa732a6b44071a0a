// A server of HTTP on a free port of this host whose answers a test scripts,
// for what a real InfluxDB does not do on demand: refuse, hesitate, break.
#ifndef REPRISE_CORE_METRICS_INFLUX_TESTING_SCRIPTED_SERVER_H_
#define REPRISE_CORE_METRICS_INFLUX_TESTING_SCRIPTED_SERVER_H_

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/base/file.h"

namespace reprise {

struct HttpRequest {
  std::string head;  // first line and headers
  std::string body;
};

struct HttpAnswer {
  int status = 204;
  std::string headers;  // each with its line end, "\r\n"
  std::string body;
};

// Serves one connection after the other.
class ScriptedServer {
 public:
  // Called in the server's thread for each request; may block.
  using Script = std::function<HttpAnswer(const HttpRequest&)>;
  explicit ScriptedServer(Script script);
  ~ScriptedServer();

  std::string url() const;
  // Those answered so far.
  std::vector<HttpRequest> requests() const;

 private:
  void Run();
  void Serve(int connection);

  const Script script_;
  FileDescriptor listener_;
  int port_ = 0;
  std::atomic<bool> is_ending_{false};
  mutable std::mutex mutex_;
  std::vector<HttpRequest> requests_;
  std::thread thread_;
};

}  // namespace reprise

#endif  // REPRISE_CORE_METRICS_INFLUX_TESTING_SCRIPTED_SERVER_H_
