// The loopback interface of a new network namespace.
#pragma once

#include "sys/result.h"

namespace myrt::namespaces {

// Sets `lo` up; the kernel then gives it 127.0.0.1/8 and ::1/128 (NSP-12). Init, in the new network
// namespace. Errors: system.
Result<> bring_loopback_up();

}  // namespace myrt::namespaces
