#include "cgroups/plan.h"

namespace myrt::cgroups {

const std::vector<oci::DeviceCgroupRule>& default_device_rules() {
  static const std::vector<oci::DeviceCgroupRule> kRules = {
      // mknod alone gives no access to what the node stands for
      {.allow = true, .type = 'c', .major = {}, .minor = {}, .access = "m"},
      {.allow = true, .type = 'b', .major = {}, .minor = {}, .access = "m"},
      {.allow = true, .type = 'c', .major = 1, .minor = 3, .access = "rwm"},     // null
      {.allow = true, .type = 'c', .major = 1, .minor = 5, .access = "rwm"},     // zero
      {.allow = true, .type = 'c', .major = 1, .minor = 7, .access = "rwm"},     // full
      {.allow = true, .type = 'c', .major = 1, .minor = 8, .access = "rwm"},     // random
      {.allow = true, .type = 'c', .major = 1, .minor = 9, .access = "rwm"},     // urandom
      {.allow = true, .type = 'c', .major = 5, .minor = 0, .access = "rwm"},     // tty
      {.allow = true, .type = 'c', .major = 5, .minor = 1, .access = "rwm"},     // console
      {.allow = true, .type = 'c', .major = 5, .minor = 2, .access = "rwm"},     // ptmx
      {.allow = true, .type = 'c', .major = 136, .minor = {}, .access = "rwm"},  // pts/*
      {.allow = true, .type = 'c', .major = 10, .minor = 200, .access = "rwm"},  // net/tun
  };
  return kRules;
}

}  // namespace myrt::cgroups
