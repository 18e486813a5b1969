#include "namespaces/uts.h"

#include <unistd.h>

namespace myrt::namespaces {

Result<> set_hostname(const std::string& hostname) {
  if (hostname.empty() || ::sethostname(hostname.data(), hostname.size()) == 0) return {};
  const int error = errno;
  return Result<>(errno_error("sethostname", fmt::format("set hostname `{}`", hostname), error))
      .at("/hostname");
}

Result<> set_domainname(const std::string& domainname) {
  if (domainname.empty() || ::setdomainname(domainname.data(), domainname.size()) == 0) return {};
  const int error = errno;
  return Result<>(
             errno_error("setdomainname", fmt::format("set domainname `{}`", domainname), error))
      .at("/domainname");
}

}  // namespace myrt::namespaces
