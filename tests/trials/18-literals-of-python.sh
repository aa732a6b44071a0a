# What people paste into --agent-config. Found: underscores, other bases, adjacent strings, u'',
# comments were refused; the rest held.
source "${0%/*}/trial.sh" "$@"
taken() { try --print-config --agent=nil --agent-config "$1"; judge "taken: ${1//$'\n'/ }" grep -qE "^agent-config.num_representatives +34 " <<< "$output"; }
refused() { try --print-config --agent=nil --agent-config "$1"; judge "refused with its column: $1" ended 2 "column"; }
taken "{'num_representatives': 3_4}"
taken "{'num_representatives': 0b100010}"
taken "{'num_representatives': 0o42}"
taken "{'num_representatives': 0X_22}"
taken "{'num_' \"repre\" 'sentatives': 34}"
taken "{u'num_representatives': 34}"
taken "{r'num_representatives': 34}"
taken "{'''num_representatives''': 34}"
taken $'{  # of each class\n \'num_representatives\': 34,  # six thousand\n}'
taken $'{\r\n\t\'num_representatives\': 34,\r\n}\r\n'
refused "{'num_representatives': 3__4}"
refused "{'num_representatives': 34L}"
refused "{b'num_representatives': 34}"
refused "{f'num_representatives': 34}"
refused "{'num_representatives': 3e1}"
refused "{'num_representatives': 34j}"
refused "{'num_representatives': 17 * 2}"
refused "{'num_representatives', 34}"
refused "{**{'num_representatives': 34}}"
refused $'{\xc2\xa0\'num_representatives\': 34}'
refused "{'num_representatives': 34} {'a': 1}"
refused "{'num_representatives': 34 # }"
