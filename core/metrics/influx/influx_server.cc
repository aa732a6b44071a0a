#include "core/metrics/influx/influx_server.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "core/base/http/curl_handle.h"
#include "core/base/status.h"
#include "core/base/utf8.h"
#include "curl/curl.h"
#include "nlohmann/json.hpp"

namespace reprise {
namespace {

constexpr size_t kMostAnswerBytes = 16 << 10;

size_t Receive(char* bytes, size_t, size_t count, void* user) {
  std::string& answer = *static_cast<std::string*>(user);
  answer.append(bytes, std::min(count, kMostAnswerBytes - answer.size()));
  return count;
}

int IsCancelled(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return *static_cast<const std::atomic<bool>*>(user) ? 1 : 0;
}

std::string Escaped(CURL* curl, const std::string& text) {
  char* const bytes =
      curl_easy_escape(curl, text.data(), static_cast<int>(text.size()));
  const std::string escaped = bytes == nullptr ? "" : bytes;
  curl_free(bytes);
  return escaped;
}

struct Answer {
  std::string code;  // of version 2's JSON: "invalid"
  std::string message;
};

// Of JSON its message, else the first line.
Answer ParseAnswer(const std::string& text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  const auto value = [&json](const char* name) {
    const bool is_there =
        json.is_object() && json.contains(name) && json[name].is_string();
    return is_there ? json[name].get<std::string>() : "";
  };
  Answer answer = {value("code"), value("error")};
  if (answer.message.empty()) answer.message = value("message");
  if (answer.message.empty()) {
    answer.message = text.substr(0, text.find('\n'));
  }
  if (answer.message.empty()) answer.message = "an empty answer";
  return answer;
}

// For the log and for comments in files: printable, and of a long text the
// beginning and the end, as InfluxDB says behind a whole point what is wrong.
std::string Legible(absl::string_view text) {
  constexpr size_t kMostHead = 250, kMostTail = 150;
  constexpr size_t kPiece = 15;  // which Printable never cuts
  std::string legible;
  for (size_t at = 0; at < text.size(); at += kPiece) {
    legible += Printable(text.substr(at, kPiece));
  }
  if (legible.size() <= kMostHead + kMostTail) return legible;
  return absl::StrCat(legible.substr(0, kMostHead), " ... ",
                      legible.substr(legible.size() - kMostTail));
}

// Whether a status 400 or 422 is about points. Proxies, and servers of
// something else, answer so, too: no half of a batch would be taken there.
bool IsAboutPoints(const Answer& answer) {
  if (answer.code == "invalid" || answer.code == "unprocessable entity") {
    return true;
  }
  for (const char* words :
       {"partial write", "dropped=", "unable to parse", "parsing failed",
        "line protocol", "field type conflict"}) {
    if (absl::StrContains(answer.message, words)) return true;
  }
  return false;
}

// N of "... dropped=N"; -1: it does not say.
int64_t DroppedOf(absl::string_view message) {
  const size_t at = message.rfind("dropped=");
  if (at == absl::string_view::npos) return -1;
  absl::string_view number = message.substr(at + 8);
  number = number.substr(0, number.find_first_not_of("0123456789"));
  int64_t dropped = -1;
  return absl::SimpleAtoi(number, &dropped) ? dropped : -1;
}

absl::string_view Remedy(long code, const InfluxTarget& target) {
  const bool is_first = !target.database.empty();
  switch (code) {
    case 401:
    case 403:
      return is_first ? "give a user who may write to the database: "
                        "--influx-user and INFLUX_PASSWORD"
                      : "give a token that may write to the bucket: "
                        "INFLUX_TOKEN or --influx-token-file";
    case 404:
      return is_first ? "make it (influx -execute 'CREATE DATABASE NAME'), or "
                        "name another by --influx-database"
                      : "make it (influx bucket create), or name another by "
                        "--influx-org and --influx-bucket";
    default:
      return "check that --influx-url is the server's own";
  }
}

// Of a transfer that fails until something is changed; nullptr: of one that
// time may mend.
const char* Remedy(CURLcode result) {
  switch (result) {
    case CURLE_PEER_FAILED_VERIFICATION:
      return "name the certificate of the server's authority in SSL_CERT_FILE, "
             "and in --influx-url the server as its certificate does: by name, "
             "not by address";
    case CURLE_SSL_CACERT_BADFILE:
      return "name a file of certificates in SSL_CERT_FILE";
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return "check --influx-url";
    default:
      return nullptr;
  }
}

}  // namespace

struct InfluxServer::Connection {
  explicit Connection(CurlHandle handle) : curl(std::move(handle)) {}
  ~Connection() { curl_slist_free_all(headers); }
  CurlHandle curl;
  curl_slist* headers = nullptr;
};

absl::Status CheckInfluxUrl(absl::string_view url) {
  absl::string_view rest = url;
  constexpr absl::string_view kExpected =
      "--influx-url: expected http://HOST[:PORT] or https://HOST[:PORT]";
  if (!absl::ConsumePrefix(&rest, "http://") &&
      !absl::ConsumePrefix(&rest, "https://")) {
    // What has no scheme may have a secret all the same.
    const bool may_be_secret = url.find_first_of("@?#") != url.npos;
    return UsageError(absl::StrCat(
        kExpected, ", found ",
        may_be_secret ? "another scheme" : absl::StrCat("'", url, "'")));
  }
  // Anywhere: a password may have a slash.
  if (absl::StrContains(rest, '@')) {
    return UsageError(absl::StrCat(
        kExpected,
        ", found a user or a password in it, which would be seen by everybody "
        "on this machine; give --influx-user, and the password in the "
        "environment as INFLUX_PASSWORD"));
  }
  if (rest.find_first_of("?#") != absl::string_view::npos) {
    return UsageError(absl::StrCat(
        kExpected,
        ", found more behind it; what it is to write to is given by "
        "--influx-database, or --influx-org and --influx-bucket, a secret by "
        "INFLUX_PASSWORD or INFLUX_TOKEN"));
  }
  if (rest.empty() || rest[0] == '/' || rest[0] == ':' ||
      rest.find_first_of(" \t\n\"'<>\\") != absl::string_view::npos) {
    return UsageError(absl::StrCat(kExpected, ", found '", url, "'"));
  }
  return absl::OkStatus();
}

std::string DescribeInfluxTarget(const InfluxTarget& target) {
  return target.database.empty()
             ? absl::StrCat(target.url, ", organisation ", target.org,
                            ", bucket ", target.bucket)
             : absl::StrCat(target.url, ", database ", target.database);
}

InfluxServer::InfluxServer(InfluxTarget target,
                           std::unique_ptr<Connection> connection)
    : target_(std::move(target)), connection_(std::move(connection)) {}

InfluxServer::~InfluxServer() = default;

absl::StatusOr<std::unique_ptr<InfluxServer>> InfluxServer::Make(
    const InfluxTarget& target) {
  REPRISE_ASSIGN_OR_RETURN(CurlHandle curl, NewCurlHandle(target.url));
  CURL* const c = curl.get();
  auto connection = std::make_unique<Connection>(std::move(curl));
  const absl::string_view base = absl::StripSuffix(target.url, "/");
  const auto add_header = [&connection](const std::string& line) {
    connection->headers = curl_slist_append(connection->headers, line.c_str());
  };
  add_header("Content-Type: text/plain; charset=utf-8");
  add_header("Expect:");  // no question before the body
  std::string url;
  if (target.database.empty()) {
    url = absl::StrCat(base, "/api/v2/write?org=", Escaped(c, target.org),
                       "&bucket=", Escaped(c, target.bucket), "&precision=ns");
    if (!target.token.empty()) {
      add_header(absl::StrCat("Authorization: Token ", target.token));
    }
  } else {
    url = absl::StrCat(base, "/write?db=", Escaped(c, target.database),
                       "&precision=ns");
    if (!target.user.empty()) {
      curl_easy_setopt(c, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
      curl_easy_setopt(c, CURLOPT_USERNAME, target.user.c_str());
      curl_easy_setopt(c, CURLOPT_PASSWORD, target.password.c_str());
    }
  }
  curl_easy_setopt(c, CURLOPT_URL, url.c_str());
  curl_easy_setopt(c, CURLOPT_POST, 1L);
  curl_easy_setopt(c, CURLOPT_HTTPHEADER, connection->headers);
  curl_easy_setopt(c, CURLOPT_TCP_KEEPALIVE, 1L);
  // Otherwise the thread that asks for the host's address is waited for, past
  // any limit where no name server answers.
  curl_easy_setopt(c, CURLOPT_QUICK_EXIT, 1L);
  curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, Receive);
  std::unique_ptr<InfluxServer> server(
      new InfluxServer(target, std::move(connection)));
  curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, IsCancelled);
  curl_easy_setopt(c, CURLOPT_XFERINFODATA, &server->is_cancelled_);
  return server;
}

InfluxReply InfluxServer::Write(absl::string_view lines, absl::Duration limit) {
  using Kind = InfluxReply::Kind;
  CURL* const c = connection_->curl.get();
  const long limit_ms = std::max<int64_t>(1, absl::ToInt64Milliseconds(limit));
  std::string body;
  char text[CURL_ERROR_SIZE] = "";
  curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, limit_ms);
  curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, std::min(limit_ms, 5000L));
  curl_easy_setopt(c, CURLOPT_ERRORBUFFER, text);
  curl_easy_setopt(c, CURLOPT_WRITEDATA, &body);
  curl_easy_setopt(c, CURLOPT_POSTFIELDS, lines.data());
  curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE,
                   static_cast<curl_off_t>(lines.size()));
  const CURLcode result = curl_easy_perform(c);
  curl_easy_setopt(c, CURLOPT_ERRORBUFFER, nullptr);
  InfluxReply reply;
  if (result != CURLE_OK) {
    reply.kind = Kind::kLater;
    reply.reason = *text != '\0' ? text : curl_easy_strerror(result);
    if (const char* const remedy = Remedy(result); remedy != nullptr) {
      reply.kind = Kind::kSetup;
      absl::StrAppend(&reply.reason, "; remedy: ", remedy);
    }
    return reply;
  }
  long code = 0;
  curl_off_t retry_after = 0;
  curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &code);
  curl_easy_getinfo(c, CURLINFO_RETRY_AFTER, &retry_after);
  if (code / 100 == 2) return reply;
  const Answer answer = ParseAnswer(body);
  reply.reason = absl::StrCat("status ", code, ", ", Legible(answer.message));
  reply.retry_after = absl::Seconds(retry_after);
  if (code == 413 || ((code == 400 || code == 422) && IsAboutPoints(answer))) {
    reply.kind = Kind::kRefused;
    reply.refused = DroppedOf(answer.message);
  } else if (code == 408 || code == 429 || code / 100 == 5) {
    reply.kind = Kind::kLater;
  } else {
    reply.kind = Kind::kSetup;
    absl::StrAppend(&reply.reason, "; remedy: ", Remedy(code, target_));
  }
  return reply;
}

}  // namespace reprise
