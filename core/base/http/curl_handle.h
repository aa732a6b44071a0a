// A transfer of libcurl over HTTP or HTTPS, set up as every part of Reprise
// needs it: no signals, no other protocols, certificates as the machine's other
// tools find them.
#ifndef REPRISE_CORE_BASE_HTTP_CURL_HANDLE_H_
#define REPRISE_CORE_BASE_HTTP_CURL_HANDLE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "curl/curl.h"

namespace reprise {

using CurlHandle = std::unique_ptr<CURL, void (*)(CURL*)>;

// For `url`. `certificates`: a file of those that the server's is checked
// against; empty: $CURL_CA_BUNDLE, $SSL_CERT_FILE or the system's.
// UsageError with the remedy where https finds none; InternalError if libcurl
// does not start. Thread-safe; a handle is one thread's.
absl::StatusOr<CurlHandle> NewCurlHandle(const std::string& url,
                                         const std::string& certificates = "");

}  // namespace reprise

#endif  // REPRISE_CORE_BASE_HTTP_CURL_HANDLE_H_
