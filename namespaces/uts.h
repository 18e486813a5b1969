// The names of a uts namespace.
#pragma once

#include <string>

#include "sys/result.h"

namespace myrt::namespaces {

// sethostname(2). Init, in the container's uts namespace (HST-01). An empty name is left alone.
// Errors: system, pointer /hostname.
Result<> set_hostname(const std::string& hostname);
// setdomainname(2), likewise (HST-02). Errors: system, pointer /domainname.
Result<> set_domainname(const std::string& domainname);

}  // namespace myrt::namespaces
