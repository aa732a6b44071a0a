#include "launch/data/download.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/base/file.h"
#include "core/base/http/curl_handle.h"
#include "core/base/status.h"
#include "curl/curl.h"

namespace reprise {
namespace {

struct Destination {
  int fd;
  const std::string& path;
  int64_t bytes_left;
  absl::Status status;
};

size_t Receive(char* bytes, size_t, size_t count, void* user) {
  Destination& to = *static_cast<Destination*>(user);
  if (static_cast<int64_t>(count) > to.bytes_left) {
    to.bytes_left = -1;
    return 0;  // not `count`: curl stops
  }
  to.bytes_left -= static_cast<int64_t>(count);
  to.status = WriteFully(to.fd, {bytes, count}, to.path);
  return to.status.ok() ? count : 0;
}

absl::Status Transfer(const std::string& url, int64_t most_bytes,
                      Destination* to) {
  const auto fail = [&url](absl::string_view expected, absl::string_view found,
                           absl::string_view remedy) {
    return DataError(absl::StrCat(url, ": expected ", expected,
                                  ", found: ", found, "; remedy: ", remedy));
  };
  auto curl = NewCurlHandle(url);
  if (!curl.ok()) {
    return fail("a way to ask for it", curl.status().message(), "as it says");
  }
  char text[CURL_ERROR_SIZE] = "";
  CURL* const c = curl->get();
  curl_easy_setopt(
      c, CURLOPT_REDIR_PROTOCOLS_STR,
      absl::StartsWithIgnoreCase(url, "https:") ? "https" : "http,https");
  curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(c, CURLOPT_MAXREDIRS, 10L);
  curl_easy_setopt(c, CURLOPT_FAILONERROR, 1L);
  curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, 30L);
  curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, 60L);
  curl_easy_setopt(c, CURLOPT_ERRORBUFFER, text);
  curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, Receive);
  curl_easy_setopt(c, CURLOPT_WRITEDATA, to);
  const CURLcode result = curl_easy_perform(c);
  REPRISE_RETURN_IF_ERROR(to->status);
  constexpr absl::string_view kRemedy =
      "check the address and the network (proxies: https_proxy), or name "
      "another server with --mirror";
  if (to->bytes_left < 0) {
    return fail(absl::StrCat("at most ", most_bytes, " bytes"), "more",
                kRemedy);
  }
  if (result != CURLE_OK) {
    return fail("to download it",
                *text != '\0' ? text : curl_easy_strerror(result), kRemedy);
  }
  long code = 0;
  curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &code);
  if (code != 200) return fail("status 200", absl::StrCat(code), kRemedy);
  return absl::OkStatus();
}

}  // namespace

absl::Status Download(const std::string& url, const std::string& path,
                      int64_t most_bytes) {
  const FileDescriptor fd(
      open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
           0644));
  if (fd.get() < 0) return ErrnoToStorageError("create", path);
  Destination to = {fd.get(), path, most_bytes, absl::OkStatus()};
  absl::Status status = Transfer(url, most_bytes, &to);
  if (status.ok() && fsync(fd.get()) != 0) {
    status = ErrnoToStorageError("fsync", path);
  }
  if (!status.ok()) unlink(path.c_str());
  return status;
}

}  // namespace reprise
