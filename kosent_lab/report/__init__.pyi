from .assessment import Assessment as Assessment
from .assessment import assess as assess
from .evaluation import evaluate as evaluate
from .page import Page as Page
from .page import build as build
from .page import build_page as build_page
from .parts import ModelFacts as ModelFacts
from .parts import Part as Part
