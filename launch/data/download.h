// Files over HTTP and HTTPS, for `reprise data fetch` (libcurl).
#ifndef REPRISE_LAUNCH_DATA_DOWNLOAD_H_
#define REPRISE_LAUNCH_DATA_DOWNLOAD_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"

namespace reprise {

// GETs `url` (http or https; redirects are followed, from https to https only)
// to the new file `path`. Always from the start: nothing is resumed. Proxies
// are those of the environment; certificates are checked against
// $CURL_CA_BUNDLE, $SSL_CERT_FILE or the system's.
//
// DataError naming url, what was found and the remedy if there is no answer,
// another status than 200, a body that ends early, one of over `most_bytes`
// bytes, or no byte for a minute; StorageError if the file cannot be written.
// After a failure there is no file `path`. Thread-safe.
absl::Status Download(const std::string& url, const std::string& path,
                      int64_t most_bytes);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_DATA_DOWNLOAD_H_
