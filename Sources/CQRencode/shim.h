// libqrencode 4 (LGPL-2.1-or-later): encodes ISO/IEC 18004 QR symbols. Debian: libqrencode-dev.
#include <qrencode.h>
