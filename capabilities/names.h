// Capability names <-> numbers, as capabilities(7) and the runtime-spec spell them
// ("CAP_SYS_ADMIN").
#pragma once

#include <linux/capability.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace myrt::capabilities {

// How many capabilities myrt knows: CAP_CHOWN (0) to CAP_CHECKPOINT_RESTORE (40), which Linux 5.9
// brought. Every kernel that myrt runs on has all of them.
inline constexpr unsigned kCapabilityCount = CAP_CHECKPOINT_RESTORE + 1;

// One bit per capability, bit N is capability N.
using Set = std::uint64_t;
inline constexpr Set kAllCapabilities = (Set{1} << kCapabilityCount) - 1;
constexpr Set bit(unsigned number) { return Set{1} << number; }

// The number of an exact upper-case name; std::nullopt when it is unknown (CAP-02, CAP-03).
std::optional<unsigned> number_of(std::string_view name);
// "CAP_CHOWN" for 0; "CAP_63" style for a number that myrt does not know.
std::string name_of(unsigned number);

// All names by number, for `features`.
std::vector<std::string> all_names();
// "CAP_CHOWN CAP_KILL", by number; "none" when empty.
std::string to_string(Set set);

}  // namespace myrt::capabilities
