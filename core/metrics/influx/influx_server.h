// A server of InfluxDB that takes points: version 1 by database, 2 and 3 by
// organisation and bucket (libcurl).
#ifndef REPRISE_CORE_METRICS_INFLUX_INFLUX_SERVER_H_
#define REPRISE_CORE_METRICS_INFLUX_INFLUX_SERVER_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace reprise {

struct InfluxTarget {
  std::string url;          // http(s)://host[:port][/path]; empty: no server
  std::string database;     // version 1; or
  std::string org, bucket;  // version 2 and 3
  std::string user;         // version 1; empty: none
  // Secrets, of version 1 and 2: sent as headers, in no message.
  std::string password, token;
};

// UsageError naming what is wrong with the address, with the remedy; a secret
// in it is not repeated.
absl::Status CheckInfluxUrl(absl::string_view url);

// "http://host:8086, database runs".
std::string DescribeInfluxTarget(const InfluxTarget& target);

// What became of one request.
struct InfluxReply {
  enum class Kind {
    kTaken,
    kRefused,  // points of it: those that stay refused, others it may have
    kLater,    // no answer, or one that says to try again
    kSetup,    // wrong address, name, secret or certificate: no use in trying
               // soon
  };
  Kind kind = Kind::kTaken;
  // What was answered, or went wrong, and the remedy: one line, printable, at
  // most about 600 bytes.
  std::string reason;
  int64_t refused = -1;  // as it said; -1: it did not
  absl::Duration retry_after = absl::ZeroDuration();  // as it said
};

// Keeps its connection between requests. Not thread-safe, but for Cancel.
class InfluxServer {
 public:
  // UsageError where https finds no certificates.
  static absl::StatusOr<std::unique_ptr<InfluxServer>> Make(
      const InfluxTarget& target);
  ~InfluxServer();

  // Sends points, a line each, and waits at most `limit` for the answer.
  InfluxReply Write(absl::string_view lines, absl::Duration limit);

  // Ends a Write that is under way, and those to come, within about a second:
  // kLater. From any thread.
  void Cancel() { is_cancelled_ = true; }

 private:
  struct Connection;
  InfluxServer(InfluxTarget target, std::unique_ptr<Connection> connection);

  const InfluxTarget target_;
  const std::unique_ptr<Connection> connection_;
  std::atomic<bool> is_cancelled_{false};
};

}  // namespace reprise

#endif  // REPRISE_CORE_METRICS_INFLUX_INFLUX_SERVER_H_
