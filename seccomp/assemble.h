// Filter rules by architecture and system call number -> classic BPF instructions. Pure.
#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <vector>

#include "seccomp/architecture.h"
#include "seccomp/names.h"

namespace myrt::seccomp {

// argument[index] op value; for masked_eq: (argument & value) == (value_two & value).
struct Comparison {
  std::uint32_t index = 0;
  Operator op = Operator::eq;
  std::uint64_t value = 0, value_two = 0;
};

// Applies when all comparisons hold; always, when there is none.
struct Rule {
  std::vector<Comparison> all_of;
  std::uint32_t result = 0;  // SECCOMP_RET_* with its data
};

// System call numbers from `first` up to the next segment's. The first rule of `rules` that applies
// decides, else `otherwise`.
struct Segment {
  std::uint32_t first = 0;
  std::uint32_t otherwise = 0;
  std::vector<const Rule*> rules;
  ArgumentWords words = ArgumentWords::both;
};

// The whole range of numbers of one AUDIT_ARCH_*: segments ascend and begin at 0.
struct Section {
  std::uint32_t audit_arch = 0;
  ByteOrder byte_order = ByteOrder::little;
  std::vector<Segment> segments;
};

// A binary search over the segments, so that every system call costs the logarithm of their number
// and not the length of the profile. Uses only the instructions for which the kernel works out in
// advance which system calls are always allowed (seccomp's action cache, Linux 5.11), and these
// then never run the filter at all. Architectures without a section get `foreign`.
std::vector<sock_filter> assemble(const std::vector<Section>& sections, std::uint32_t foreign);

}  // namespace myrt::seccomp
