// What --scratch stands for: the recipe sets these keys, and a comparison of
// runs takes what differs in them alone for one setting that differs.
#ifndef REPRISE_LAUNCH_SETTINGS_SCRATCH_KEYS_H_
#define REPRISE_LAUNCH_SETTINGS_SCRATCH_KEYS_H_

namespace reprise {

struct ScratchKey {
  const char* flag;
  const char* key;  // of its dict; true with --scratch
};

inline constexpr ScratchKey kScratchKeys[] = {
    {"tasksets-config", "concatenate_tasksets"},
    {"agent-config", "reset_state_dict"}};

}  // namespace reprise

#endif  // REPRISE_LAUNCH_SETTINGS_SCRATCH_KEYS_H_
