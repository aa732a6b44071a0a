#include "core/base/http/curl_handle.h"

#include <unistd.h>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "core/base/environment.h"
#include "core/base/status.h"

namespace reprise {
namespace {

// Where the distributions keep the certificates that they trust.
constexpr const char* kCertificates[] = {
    "/etc/ssl/certs/ca-certificates.crt",  // Debian, Ubuntu, Arch
    "/etc/pki/tls/certs/ca-bundle.crt",    // Fedora, Red Hat
    "/etc/ssl/ca-bundle.pem",              // SUSE
    "/etc/ssl/cert.pem",                   // Alpine
};

// Empty: none found.
std::string FindCertificates() {
  for (const char* variable : {"CURL_CA_BUNDLE", "SSL_CERT_FILE"}) {
    const std::string named = GetEnv(variable);
    if (!named.empty()) return named;
  }
  for (const char* path : kCertificates) {
    if (access(path, R_OK) == 0) return path;
  }
  return "";
}

}  // namespace

absl::StatusOr<CurlHandle> NewCurlHandle(const std::string& url,
                                         const std::string& certificates) {
  static const CURLcode initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
  CurlHandle curl(initialised == CURLE_OK ? curl_easy_init() : nullptr,
                  curl_easy_cleanup);
  if (curl == nullptr) return absl::InternalError("libcurl does not start");
  const std::string file =
      certificates.empty() ? FindCertificates() : certificates;
  if (file.empty() && absl::StartsWithIgnoreCase(url, "https:")) {
    return UsageError(
        "no certificates to check the server's by on this machine; install "
        "ca-certificates, or name a file of them in SSL_CERT_FILE");
  }
  CURL* const c = curl.get();
  curl_easy_setopt(c, CURLOPT_URL, url.c_str());
  curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(c, CURLOPT_USERAGENT, "reprise");
  if (!file.empty()) curl_easy_setopt(c, CURLOPT_CAINFO, file.c_str());
  return curl;
}

}  // namespace reprise
