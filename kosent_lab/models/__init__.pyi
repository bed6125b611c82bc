from .classifier import Classifier as Classifier
from .classifier import load_classifier as load_classifier
from .devices import choose_device as choose_device
from .pairs import ElectraPair as ElectraPair
from .pairs import load_pair as load_pair
from .three_way import load_head as load_head
from .three_way import read_three_way as read_three_way
