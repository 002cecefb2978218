"""What is remembered? Each noun's statements in a file of its own; the SQL is beside, in `sql/`."""

from services.booking.store.announcements import Announcements
from services.booking.store.attendance import Attendance
from services.booking.store.bookings import Bookings
from services.booking.store.books import Books
from services.booking.store.campaigns import Campaigns
from services.booking.store.coming import Coming
from services.booking.store.consents import Consents
from services.booking.store.database import Connection, Database
from services.booking.store.dryruns import DryRuns
from services.booking.store.facts import PersonFacts
from services.booking.store.limits import Seats
from services.booking.store.links import Links
from services.booking.store.papers import AllPapers, Papers
from services.booking.store.patients import Patients
from services.booking.store.pending import PendingWish, Wishes
from services.booking.store.people import BookingsAhead, Merge, People
from services.booking.store.profiles import Profiles
from services.booking.store.relations import Proposal, Relation, Relations
from services.booking.store.rooms import Rooms
from services.booking.store.services import Services
from services.booking.store.slots import Slots
from services.booking.store.staff_doors import StaffDoors
from services.booking.store.televisits import Televisits

__all__ = [
    "AllPapers",
    "Announcements",
    "Attendance",
    "Bookings",
    "BookingsAhead",
    "Books",
    "Campaigns",
    "Coming",
    "Connection",
    "Consents",
    "Database",
    "DryRuns",
    "Links",
    "Merge",
    "Papers",
    "Patients",
    "PendingWish",
    "People",
    "PersonFacts",
    "Profiles",
    "Proposal",
    "Relation",
    "Relations",
    "Rooms",
    "Seats",
    "Services",
    "Slots",
    "StaffDoors",
    "Televisits",
    "Wishes",
]
