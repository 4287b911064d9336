"""The limits of what commands accept from outside: of a release (`pull`), and of a deployed address (`check`).

Whatever is at an address, a command ends within its time and keeps within its memory. When a limit is reached, the
command reports it. The relay's limits are in `relay/protocol.py`.
"""

KIB, MIB = 2**10, 2**20

# A release. Its largest file so far is app.js with 9 MB, in 3.0.0-beta.
MAX_FILES = 10_000
MAX_RELEASE_BYTES = 512 * MIB  # of all files, and of an archive; decoded
MAX_FILE_BYTES = 64 * MIB
MAX_PAGE_LENGTH = MIB  # characters of a page
MAX_NAME_LENGTH = 255  # of a file, with its folders
MAX_FOLDERS = 16  # around a file

# An archive of a release.
MAX_HEADER_BYTES = 64 * KIB  # of one extended header in a tar: a long name, PAX records
MAX_READ_BYTES = 4 * MIB  # that are needed at once, such as the directory of a zip
UNPACK_SECONDS = 300.0

# A download, from the first request to the last byte.
FILE_SECONDS = 600.0  # with all its attempts
DOWNLOAD_SECONDS = 1200.0

# A response that `check` gets.
MAX_RESPONSE_BYTES = 16 * MIB  # sent or decoded, if its size is not known in advance
MAX_SMALL_BYTES = 64 * KIB  # of host.json, and of a message of the relay
RESPONSE_SECONDS = 120.0
CHECK_SECONDS = 600.0  # for all of them
REGISTRATION_SECONDS = 20.0  # for a response of RingCentral
MAX_REGISTRATION_BYTES = 256 * KIB  # of it that are read: what matters is at its beginning

# Text from outside, in messages.
MAX_SHOWN = 300  # characters
