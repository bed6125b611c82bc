from .measured import load_measured as load_measured
from .pages import check_pages as check_pages
from .pages import write_pages as write_pages
