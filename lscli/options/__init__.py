"""Every option, once: its name, type, default, allowed values, help and group.

The options of a question are the fields of a class. The command line, the signature of the Python function, the check
of a value, the environment (`LSCLI_NAME`), `[tool.lscli]` in pyproject.toml and the settings of a report are all made
from these fields. These files import no numpy, since help and completion read it.

Fields of the last base class come first, and a report lists its settings in the order of the fields.
"""

from lscli.options.decisions import *  # noqa: F403
from lscli.options.descriptions import *  # noqa: F403
from lscli.options.evaluation import *  # noqa: F403
from lscli.options.guarantees import *  # noqa: F403
from lscli.options.measuring import *  # noqa: F403
from lscli.options.output import *  # noqa: F403
from lscli.options.pictures import *  # noqa: F403
from lscli.options.reading import *  # noqa: F403
from lscli.options.recalibration import *  # noqa: F403
from lscli.options.values import *  # noqa: F403
