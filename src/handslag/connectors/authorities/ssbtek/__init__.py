"""SSBTEK v10, the Swedish composite base service for ekonomiskt bistånd: SOAP 1.1, document/literal."""

from handslag.connectors.authorities.ssbtek.client import SsbtekConfig as SsbtekConfig
from handslag.connectors.authorities.ssbtek.client import fetch as fetch
from handslag.connectors.authorities.ssbtek.client import ping as ping
