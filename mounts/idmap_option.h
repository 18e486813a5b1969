// crun's `idmap=uids=…;gids=…`: the id mappings of a mount as one of its options. Internal to
// mounts/.
#pragma once

#include <string>
#include <string_view>

#include "mounts/options.h"
#include "oci-spec/spec_linux.h"
#include "sys/result.h"

namespace myrt::mounts {

// `text` is what stands behind `idmap=`: `uids=0-1000-10#10-2000-5;gids=0-1000-10`. A triplet is
// the id on the filesystem, the id that it is shown as, and how many; with `@` before it the second
// is an id of the container's user namespace. Both lists are needed. Pure. Errors: invalid_config
// at `pointer`.
Result<> parse_idmap_option(std::string_view text, const std::string& pointer,
                            ParsedOptions& parsed);

// The mappings with the ids of the host. A relative one has to lie within one range of
// `container_mappings`: crun takes one that does not, and maps ids of somebody else. Pure. Errors:
// invalid_config at `pointer`.
Result<std::vector<oci::IdMapping>> resolve(const std::vector<OptionIdMapping>& mappings,
                                            const std::vector<oci::IdMapping>& container_mappings,
                                            const std::string& pointer);

}  // namespace myrt::mounts
